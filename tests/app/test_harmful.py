"""Text and bodies that mean harm: kept in every field and shown on every page, sent in every field
of every request, too large, and broken.
"""

import re
import time
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import quote

import httpx
import pytest
from msgspec.structs import replace

from app.access.rules import READS
from app.api.context import Context
from app.api.server import create_app
from app.settings import load_settings
from contracts.alerts import Reason, Silence, Transition
from contracts.dead_letters import DeadLetter
from contracts.records import VehicleEvent
from contracts.workorders import Job, WorkOrder
from infra.store import ClickHouseStore
from infra.workorders import WorkOrders
from tests.app import sample_fleet
from tests.app.guarded import Keys, by, client, guarded
from tests.app.probes import minimal, probes
from tests.app.serving import serve

pytestmark = pytest.mark.stack
EVIL = "\"><img src=x onerror=alert(1)>{{7*7}}'; DROP TABLE vehicles; --"
TEXTS = [
    EVIL,
    "' OR 1=1 --",
    "\\' OR ''='",
    "%(tenant)s%s{x:String}",
    "<script>alert(1)</script>\x00",
]
DAY = sample_fleet.DAY
LARGEST = 4_000
PROFILE = "truck-diesel"
ENDLESS = "/api/stream"
TELLING = re.compile("/$|/(vehicles|alerts|workorders)")
"""Pages about the harmful vehicle."""
APP = create_app(Context(load_settings()))
DESCRIBED = APP.openapi()
ROUTES = [one for one in probes(APP) if one.path not in {"/static", ENDLESS}]
WRITES = [one for one in ROUTES if one.method not in READS and one.path.startswith("/api/")]
PAGES = [
    one.path for one in ROUTES if one.method == "GET" and not re.match("/(api|metrics|h)", one.path)
]


def events(now_ms):
    def one(days, kind, code, **detail):
        return VehicleEvent("default", PROFILE, EVIL, now_ms - days * DAY, kind, code, detail)

    told = {"outcome": "confirmed_part", "note": EVIL, "actor": EVIL}
    return [
        one(400, "registration", EVIL, vin="WDB9066331S100001", model=EVIL, depot=EVIL),
        one(9, "service", EVIL, note=EVIL),
        one(8, "firmware", EVIL),
        one(7, "fault_code", EVIL),
        one(6, "finding", "coolant_pump", **told),
        one(5, "failure", "coolant_pump"),
    ]


def alert(now_ms):
    said = Reason(EVIL, EVIL, 1.0, 2.0, EVIL, 1.0)
    more = {"model": EVIL, "checks": [EVIL], "fault_codes": [EVIL], "depot": EVIL}
    more |= {"assignee": EVIL, "touched_by": EVIL, "muted_by": EVIL, "reasons": [said]}
    return replace(
        sample_fleet.alert("V0001", now_ms, alert_id="harm"), vehicle_id=EVIL, version=1, **more
    )


def order(now_ms):
    job = Job("coolant_pump", EVIL, EVIL, "harm", [(EVIL, 5)], "", EVIL)
    times = (now_ms + DAY, now_ms + DAY, EVIL, now_ms, now_ms)
    return WorkOrder(
        "wo", "default", PROFILE, EVIL, EVIL, "planned", [job], 60, *times, EVIL, 1, "e", EVIL
    )


def fill(store, now_ms):
    """One vehicle whose every text is harmful."""
    store.write_events(events(now_ms))
    store.write_risk(sample_fleet.risk_rows(1, now_ms))
    found = alert(now_ms)
    who = ("harm", "default", EVIL, found.mode, found.opened_ms)
    change = Transition(*who, EVIL, "pending", "open", EVIL, 1, "opened")
    store.write_alerts([found, replace(found, alert_id="loud", muted_by="")], [change])
    until = (now_ms - DAY, now_ms + DAY)
    store.write_silences([Silence(EVIL, "default", {"depot": EVIL}, *until, EVIL, EVIL)])
    store.write_dead_letters([DeadLetter("bad_value", EVIL, EVIL, 0, 1, now_ms, EVIL.encode())])
    WorkOrders(store.clickhouse).save(order(now_ms))


@dataclass
class House:
    client: httpx.Client
    store: ClickHouseStore

    def vehicles(self):
        return self.store.clickhouse.rows("SELECT vehicle_id, plate FROM vehicles FINAL")


@pytest.fixture(scope="module")
def house(stack):
    settings = guarded(stack.fresh(), max_body_bytes=LARGEST)
    store = ClickHouseStore(settings.store())
    fill(store, time.time_ns() // 1_000_000)
    keys = Keys.made(settings, ["default"])
    keys.make("default", "admin")
    keys.desk.new_user(by("default"), EVIL, EVIL, "admin", None)
    with serve(settings) as url, client(url, keys.headers("default", "admin")) as asking:
        yield House(asking, store)


def filled(path, **known):
    """The path with real things in its holes, and `known` instead of some of them."""
    real = {"key": EVIL, "alert_id": "loud", "order_id": "wo", **known}
    return re.sub(r"\{(\w+)(:path)?\}", lambda hole: quote(real.get(hole[1], "x"), ""), path)


class Shown(HTMLParser):
    """What a browser would make of a page: its text, and elements that are not ours."""

    def __init__(self, page):
        super().__init__()
        self.text, self.foreign = "", []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if given.get("src") == "x" or any(name.startswith("on") for name in given):
            self.foreign.append((tag, attributes))

    def handle_data(self, data):
        self.text += data


QUERIES = ["", f"?show=all&q={quote(EVIL)}", f"?depot={quote(EVIL)}", "?show=quiet", "?by=depot"]


@pytest.mark.parametrize("path", PAGES)
def test_whatever_is_kept_is_shown_as_text(house, path):
    seen = ""
    for query in (*QUERIES, f"?next={quote(EVIL)}&why={quote(EVIL)}&profile={quote(EVIL)}"):
        answer = house.client.get(filled(path) + query)
        assert answer.status_code < 500, query
        shown = Shown(answer.text)
        assert shown.foreign == []
        assert "alert(1)>49" not in shown.text
        seen += shown.text
    assert EVIL in seen or not TELLING.match(path)


def test_the_parser_would_see_an_element_that_is_not_ours():
    assert Shown(f'<p title="{EVIL}">').foreign
    assert Shown("<p>&lt;img src=x&gt;</p>").foreign == []


@pytest.mark.parametrize("probe", ROUTES, ids=lambda one: f"{one.method} {one.path}")
def test_harmful_names_and_parameters_find_nothing_and_harm_nothing(house, probe):
    told = DESCRIBED["paths"].get(probe.path.replace(":path", ""), {}).get(probe.method.lower(), {})
    holes = [match[0] for match in re.findall(r"\{(\w+)(:path)?\}", probe.path)]
    asked = [one["name"] for one in told.get("parameters", ()) if one["in"] == "query"]
    before = house.vehicles()
    for text in TEXTS:
        for hole in holes:
            url = filled(probe.path, **{hole: text})
            answer = house.client.request(probe.method, url, json=probe.body, params=probe.query)
            assert answer.status_code < 500, (hole, text, answer.text)
        for name in asked:
            query = {**probe.query, name: text}
            answer = house.client.request(
                probe.method, filled(probe.path), json=probe.body, params=query
            )
            assert answer.status_code < 500, (name, text, answer.text)
    assert house.vehicles() == before


def resolved(schema):
    while "$ref" in schema:
        schema = DESCRIBED["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def bodies(schema, text):
    """Sound bodies, each with the text in another of its text fields."""
    schema = resolved(schema)
    if schema.get("type") == "string" and "enum" not in schema and "const" not in schema:
        yield text
    elif schema.get("type") == "array":
        yield from ([one] for one in bodies(schema["items"], text))
    elif "properties" in schema:
        whole = {name: minimal(DESCRIBED, schema["properties"][name]) for name in _needed(schema)}
        for name, own in schema["properties"].items():
            yield from ({**whole, name: one} for one in bodies(own, text))
    elif isinstance(schema.get("additionalProperties"), dict):
        names = resolved(schema.get("propertyNames", {})).get("enum", ["x"])
        yield from ({names[0]: one} for one in bodies(schema["additionalProperties"], text))


def _needed(schema):
    return schema.get("required", ())


def body_of(probe):
    told = DESCRIBED["paths"][probe.path.replace(":path", "")][probe.method.lower()]
    return told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")


BODIED = [one for one in WRITES if body_of(one)]


def test_every_text_field_of_every_body_is_tried():
    fields = {name for one in BODIED for body in bodies(body_of(one), "?") for name in body}
    assert {"why", "actor", "note", "reason", "name", "login", "assignee", "matchers"} <= fields


@pytest.mark.parametrize("probe", BODIED, ids=lambda one: f"{one.method} {one.path}")
def test_harmful_text_in_a_body_is_kept_as_it_is_or_refused(house, probe):
    before = house.vehicles()
    for text in TEXTS:
        for body in bodies(body_of(probe), text):
            answer = house.client.request(probe.method, filled(probe.path), json=body)
            assert answer.status_code < 500, (body, answer.text)
    assert house.vehicles() == before


def test_harmful_names_come_back_as_they_were_given(house):
    for text in TEXTS[:4]:
        made = house.client.post("/api/keys", json={"name": text, "role": "admin"})
        assert made.status_code == 201, made.text
    names = [one["name"] for one in house.client.get("/api/keys").json()]
    assert set(TEXTS[:4]) <= set(names)


def pieces(size):
    yield from (b" " * 500 for _ in range(size // 500))


BROKEN = {
    "too large": b'"' + b"x" * LARGEST + b'"',
    "too large, in pieces": None,
    "torn": b'{"why": "x',
    "deep": b"[" * (LARGEST - 1),
    "no text": b"\xff\xfe\x00",
    "half a character": b'{"why": "\\ud800", "reason": "\\ud800", "name": "\\ud800"}',
    "nothing": b"null",
    "a number": b"1e999",
    "no number": b'{"hours": NaN, "seen": Infinity}',
    "unknown field": b'{"tenant": "other"}',
    "of a wrong kind": b'{"why": {"$ne": ""}, "seen": "1", "actor": ["x"]}',
    "empty": b"",
}


@pytest.mark.parametrize("probe", BODIED, ids=lambda one: f"{one.method} {one.path}")
def test_a_body_that_is_too_large_or_broken_is_a_problem(house, probe):
    for name, body in BROKEN.items():
        answer = house.client.request(
            probe.method,
            filled(probe.path),
            content=pieces(2 * LARGEST) if body is None else body,
            headers={"Content-Type": "application/json"},
        )
        large = name.startswith("too large")
        assert answer.status_code in ({413} if large else {400, 404, 409, 422}), (name, answer.text)
        assert answer.headers["content-type"] == "application/problem+json", name
        assert len(answer.json()["detail"]) > 10
