"""Who may do what: every route, every role, two tenants, and credentials that open nothing."""

import re
from io import BytesIO

import httpx
import pyarrow.parquet as pq
import pytest

from app.access.rules import RULES, rule_of
from app.api.context import Context
from app.api.files import PARQUET
from app.api.server import create_app
from app.settings import load_settings
from contracts.access import PEOPLE, ROLES
from contracts.alerts import decode_command
from contracts.codec import decode_message
from contracts.topics import COMMANDS, TELEMETRY
from infra.kafka_clients import open_consumer
from infra.store import ClickHouseStore
from tests.app.guarded import Keys, by, client, guarded
from tests.app.probes import probes
from tests.app.serving import serve
from tests.app.two_tenants import alert_id, fill, known, mark, silence_id, vehicle, vin

OWNER, STRANGER = "default", "other"
ROUTES = [one for one in probes(create_app(Context(load_settings()))) if one.path != "/static"]
EVERY = [pytest.param(one, id=f"{one.method} {one.path}") for one in ROUTES]


class House:
    """A server that asks everyone who he is, and a client for each role of each tenant."""

    def __init__(self, settings, url, keys):
        self.settings, self.url, self.keys = settings, url, keys
        self.clients = {who: client(url, keys.headers(*who)) for who in keys.texts}
        self.spare = {tenant: keys.make(tenant, "admin")[0].key_id for tenant in (OWNER, STRANGER)}
        for tenant in (OWNER, STRANGER):
            keys.desk.new_user(by(tenant), f"someone@{tenant}", mark(tenant), "admin", None)
        good = keys.texts[OWNER, "admin"]
        expired = keys.expired(OWNER, "admin")
        revoked, revoked_text = keys.make(OWNER, "admin")
        keys.desk.revoke_key(by(OWNER), revoked.key_id)
        self.useless = [
            client(url, given)
            for given in (
                {},
                {"Authorization": f"Bearer {expired}"},
                {"Authorization": f"Bearer {revoked_text}"},
                {"Authorization": f"Bearer {good[:-1]}"},
                {"Authorization": "Bearer ttk_0_0"},
                {"Authorization": f"Basic {good}"},
                {"X-API-Key": "' OR 1=1 --"},
                {"Cookie": f"telltale_session={good}"},
            )
        ]

    def ask(self, asking, probe, tenant):
        """The status and text of a probe that is about a tenant's things."""
        theirs = {**known(tenant), "key_id": self.spare[tenant]}
        return self.send(asking, probe, theirs)

    def send(self, asking, probe, given):
        """The status and text of a probe with these things in its path and body."""
        body = probe.body
        if isinstance(body, dict) and "vehicle" in body:
            body = {**body, "vehicle": given["key"]}
        if isinstance(body, dict) and "findings" in body:
            body = {**body, "findings": [{"mode": "x", "outcome": "not_checked"}]}
        url = probe.url(**given)
        with asking.stream(probe.method, url, params=probe.query, json=body) as answer:
            if answer.headers.get("content-type", "").startswith("text/event-stream"):
                return answer.status_code, next(answer.iter_text())
            if answer.headers.get("content-type") == PARQUET:
                return answer.status_code, str(pq.read_table(BytesIO(answer.read())).to_pylist())
            return answer.status_code, answer.read().decode(errors="replace")

    def sent(self, topic, decode):
        kafka = self.settings.broker()
        consumer = open_consumer(kafka, kafka.topic(topic), consumer_timeout_ms=2_000)
        try:
            return [one for message in consumer for one in decode(message.value)]
        finally:
            consumer.close()


@pytest.fixture(scope="module")
def house(stack):
    settings = guarded(stack.fresh())
    store = ClickHouseStore(settings.store())
    for tenant in (OWNER, STRANGER):
        fill(store, settings.home / "photos", tenant)
    with serve(settings) as url:
        found = House(settings, url, Keys.made(settings))
        yield found
        for one in [*found.clients.values(), *found.useless]:
            one.close()


def test_the_table_covers_every_route():
    uncovered = {
        f"{one.method} {one.path}" for one in ROUTES if rule_of(one.method, one.url()) not in RULES
    }
    assert uncovered == set(), "name them in app/access/rules.py, or only admins may use them"


def test_every_rule_is_about_a_route():
    fitting = {rule_of(one.method, one.url()) for one in ROUTES}
    later = ("/alerts", "/workorders", "/silences", "/models", "/trainings", "/drift", "/lab")
    unused = [
        rule
        for rule in RULES
        if rule not in fitting and not any(part in rule.path for part in later)
    ]
    known = {"/static/*", "/sign-in/*", "/sign-out", "/api/me/*"}
    known |= {"/api/dead-letters/*", "/vehicles/*"}
    assert {rule.path for rule in unused} <= known


@pytest.mark.stack
@pytest.mark.parametrize("probe", EVERY)
def test_no_role_of_another_tenant_sees_or_changes_anything(house, probe):
    rule = rule_of(probe.method, probe.url())
    for role in ROLES:
        status, text = house.ask(house.clients[STRANGER, role], probe, OWNER)
        assert mark(OWNER) not in text, role
        allowed = rule.open or (role in rule.roles and not rule.home)
        assert (status == 403) != allowed, (role, status, text)
        if allowed and "{" in probe.path:
            assert status in {404, 422}, (role, status, text)


@pytest.mark.stack
def test_the_probes_would_see_a_leak(house):
    """Of the tenant's own people, most probes of data show the mark that strangers must not see."""
    seen = {
        probe.path
        for probe in ROUTES
        if probe.method == "GET"
        and mark(OWNER) in house.ask(house.clients[OWNER, "admin"], probe, OWNER)[1]
    }
    assert {
        "/",
        "/vehicles/{key:path}",
        "/api/fleet",
        "/api/fleet/export.csv",
        "/api/fleet/export.parquet",
        "/api/alerts",
        "/api/alerts/{alert_id}",
        "/api/alerts/export.csv",
        "/api/alerts/export.parquet",
        "/api/vehicles/{key:path}",
        "/api/vehicles/{key:path}/history",
        "/api/figures/depots",
        "/api/users",
        "/api/alerts/commands/{command_id}",
        "/api/silences",
        "/api/vehicles/{key:path}/photos/{photo}",
        "/api/workorders",
        "/api/workorders/{order_id}",
        "/api/workorders/export.ics",
        "/api/workorders/export.csv",
        "/workorders",
        "/workorders/{order_id}",
    } <= seen


@pytest.mark.stack
@pytest.mark.parametrize("probe", EVERY)
def test_only_the_roles_of_the_table_come_in(house, probe):
    rule = rule_of(probe.method, probe.url())
    if rule.open:
        return
    for role in sorted(set(ROLES) - rule.roles):
        status, text = house.ask(house.clients[OWNER, role], probe, OWNER)
        assert (status, mark(OWNER) in text) == (403, False), role
    for role in sorted(rule.roles):
        status, text = house.ask(house.clients[OWNER, role], probe, OWNER)
        assert status not in {401, 403}, (role, text)
        assert status < 500, (role, text)


@pytest.mark.stack
def test_a_path_that_is_nobodys_is_not_found_by_any_role(house):
    for role in ROLES:
        for path in ("/api/fleat", "/nowhere"):
            answer = house.clients[OWNER, role].get(path)
            assert (answer.status_code, answer.json()["title"]) == (404, "Not Found"), role


@pytest.mark.stack
@pytest.mark.parametrize("probe", EVERY)
def test_what_is_anothers_is_not_found_below_ones_own_vehicle(house, probe):
    """A path of several holes: the vehicle is the asker's own, all else the owner's."""
    if not {"key", "photo"} <= set(re.findall(r"\{(\w+)", probe.path)):
        return
    mixed = {**known(OWNER), "key": vehicle(STRANGER)}
    for role in PEOPLE:
        status, text = house.send(house.clients[STRANGER, role], probe, mixed)
        assert (status, mark(OWNER) in text) == (404, False), role


@pytest.mark.stack
@pytest.mark.parametrize("probe", EVERY)
def test_what_opens_nothing_opens_nothing(house, probe):
    if rule_of(probe.method, probe.url()).open:
        return
    for asking in house.useless:
        status, text = house.ask(asking, probe, OWNER)
        assert status in {401, 429}, (asking.headers, text)
        assert mark(OWNER) not in text


@pytest.mark.stack
def test_nothing_of_the_owner_was_sent_in_a_strangers_name(house):
    """After all probes: whatever went to Kafka bears the sender's own tenant and name."""
    commands = house.sent(COMMANDS, lambda payload: [decode_command(payload)])
    events = [one for one in house.sent(TELEMETRY, decode_message) if one.kind == "finding"]
    assert {one.tenant for one in commands} == {OWNER}
    assert {one.alert_id for one in commands} <= {alert_id(OWNER), silence_id(OWNER)}
    assert {(one.tenant, one.vehicle_id) for one in events} <= {(OWNER, vehicle(OWNER))}
    roles = {f"{role} of {OWNER}" for role in PEOPLE}
    assert commands
    assert {one.actor for one in commands} <= roles
    assert {one.detail["actor"] for one in events} <= roles


@pytest.mark.stack
def test_every_change_and_every_try_is_in_the_audit_log(house):
    with client(house.url, house.keys.headers(OWNER, "admin")) as admin:
        made = admin.post("/api/keys", json={"name": "loader", "role": "ingest", "vehicles": ["*"]})
        assert made.status_code == 201, made.text
        key_id = made.json()["key"]["key_id"]
        assert admin.delete(f"/api/keys/{key_id}").json()["state"] == "revoked"
        told = admin.get("/api/audit", params={"limit": 8}).json()["deeds"]
        pages = admin.get("/api/audit", params={"limit": 3}).json()
        following = admin.get("/api/audit", params={"limit": 3, "cursor": pages["next_cursor"]})
    did = [(one["actor"], one["action"], one["target"]) for one in told]
    who = f"admin of {OWNER}"
    assert (who, "key created", key_id) in did
    assert (who, "DELETE", f"/api/keys/{key_id}") in did
    assert (who, "POST", "/api/keys") in did
    assert made.json()["text"] not in str(told)
    ids = [one["deed_id"] for one in pages["deeds"] + following.json()["deeds"]]
    assert ids[:5] == [one["deed_id"] for one in told[:5]]


@pytest.mark.stack
def test_a_made_key_opens_what_its_role_may_until_it_is_revoked(house):
    with client(house.url, house.keys.headers(OWNER, "admin")) as admin:
        made = admin.post("/api/keys", json={"name": "report", "role": "data_scientist"}).json()
        with client(house.url, {"X-API-Key": made["text"]}) as script:
            assert script.get("/api/me").json() == {
                "tenant": OWNER,
                "role": "data_scientist",
                "name": "report",
                "open": False,
            }
            assert script.get("/api/fleet").status_code == 200
            assert script.get("/api/keys").status_code == 403


@pytest.mark.stack
@pytest.mark.parametrize("role", sorted(PEOPLE))
def test_a_whole_vin_is_read_by_those_who_need_it(house, role):
    asking, own = house.clients[OWNER, role], vin(OWNER)
    found = [
        asking.get(f"/api/vehicles/{own.lower()}").json(),
        *asking.get("/api/fleet", params={"q": own}).json()["vehicles"],
        *asking.get("/api/fleet", params={"q": own[-4:]}).json()["vehicles"],
    ]
    assert [one["vehicle_id"] for one in found] == [vehicle(OWNER)] * 3
    whole = role in {"service_desk", "admin"}
    assert {one["vin"] for one in found} == {own if whole else f"…{own[-4:]}"}
    page = asking.get(f"/vehicles/{vehicle(OWNER)}").text
    table = asking.get("/api/fleet/export.csv").text
    assert whole or own not in page
    assert (own in table, own[-4:] in table) == (whole, True)
    with client(house.url, house.keys.headers(STRANGER, role)) as stranger:
        assert stranger.get(f"/api/vehicles/{own}").status_code == 404


@pytest.mark.stack
@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "role": "root"},
        {"name": "", "role": "admin"},
        {"name": "x\n", "role": "admin"},
        {"name": "x", "role": "admin", "expires_ms": True},
        {"name": "x", "role": "admin", "tenant": "other"},
    ],
)
def test_a_key_that_makes_no_sense_isnt_made(house, body):
    answer = house.clients[OWNER, "admin"].post("/api/keys", json=body)
    assert answer.status_code == 422, answer.text


@pytest.mark.stack
@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "role": "ingest"},
        {"name": "x", "role": "admin", "vehicles": ["*"]},
        {"name": "x", "role": "admin", "expires_ms": 5},
    ],
)
def test_a_key_that_would_open_nothing_isnt_made(house, body):
    answer = house.clients[OWNER, "admin"].post("/api/keys", json=body)
    assert (answer.status_code, answer.json()["title"]) == (409, "Not done"), answer.text


@pytest.mark.stack
def test_a_person_who_isnt_known_is_led_to_the_sign_in_page(house):
    answer = httpx.get(f"{house.url}/figures", headers={"Accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Ffigures"


@pytest.mark.stack
def test_too_many_requests_have_to_wait(stack):
    settings = guarded(stack.fresh(), requests_per_s=2)
    keys = Keys.made(settings, [OWNER])
    with serve(settings) as url, client(url, keys.headers(OWNER, "admin")) as asking:
        answers = [asking.get("/api/me") for _ in range(12)]
        assert answers[0].status_code == 200
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) >= 1
        with client(url, keys.headers(OWNER, "service_desk")) as other:
            assert other.get("/api/me").status_code == 200
