"""Work orders from alerts to findings: over HTTP, from the command line, and by two at once."""

import csv
import html
import io
import json
import re
from datetime import UTC, datetime

import pytest
from icalendar import Calendar
from msgspec.structs import replace
from typer.testing import CliRunner

from app.cli.main import app
from app.orders_export import COLUMNS, as_calendar, as_csv
from app.settings import WorkshopSettings
from app.workshop import Workshop
from contracts.alerts import decode_command
from contracts.errors import DataError, SettingsError
from contracts.topics import COMMANDS, TELEMETRY
from features.profile import builtin_profile
from infra.workorders import OverwrittenError, WorkOrders
from tests.app import sample_fleet
from tests.app.serving import serve_fleet
from tests.app.test_api_vehicles import read
from tests.app.test_worker import environment

pytestmark = pytest.mark.stack
DAY = sample_fleet.DAY
TRUCK = builtin_profile("truck-diesel")


class Memory:
    """Commands and events that were sent."""

    def __init__(self):
        self.commands, self.events = [], []
        self.command, self.event = self.commands.append, self.events.append


@pytest.fixture(scope="module")
def served(stack):
    with serve_fleet(stack.fresh()) as found:
        yield found


@pytest.fixture
def shop(served):
    return shop_of(served)


def shop_of(served, depot="", **settings):
    orders = WorkOrders(served.store.clickhouse)
    return Workshop(orders, Memory(), WorkshopSettings(**settings), depot or "t", "Ana", NOW_MS)


NOW_MS = round(datetime(2026, 3, 4, 9, tzinfo=UTC).timestamp() * 1_000)


def alerts(*vehicles, risk=0.05):
    made = [sample_fleet.alert(vehicle, NOW_MS, tenant="t") for vehicle in vehicles]
    return [
        replace(one, risk=replace(one.risk, risk_7=risk * 0.4, risk_30=risk, risk_90=0.3))
        for one in made
    ]


def test_an_order_has_its_parts_and_a_day_and_takes_care_of_its_alerts(shop):
    order = shop.create(TRUCK, "Lyon", alerts("V0001"), "call first")
    assert (order.state, order.version, order.actor) == ("proposed", 1, "Ana")
    assert [job.mode for job in order.jobs] == ["coolant_pump"]
    begins = datetime.fromtimestamp(order.start_ms / 1_000, UTC)
    assert (begins.hour, begins.weekday() < 5) == (8, True)
    assert NOW_MS < order.start_ms < order.due_ms
    command = shop.sender.commands[0]
    assert (command.action, command.alert_id) == ("acknowledge", "a-V0001-coolant_pump")
    assert command.why == f"work order {order.order_id}"
    assert shop.orders.find("t", order.order_id) == order
    assert shop.orders.find("default", order.order_id) is None
    with pytest.raises(DataError, match="stands in a work order"):
        shop.create(TRUCK, "Lyon", alerts("V0001"))


def test_a_cancelled_order_asks_again_for_the_alerts_that_it_acknowledged(served):
    shop = shop_of(served, depot="cancelled")
    mine, taken = alerts("V0001"), replace(alerts("V0001")[0], alert_id="b", mode="scr")
    order = shop.create(TRUCK, "Lyon", [*mine, replace(taken, state="acknowledged")])
    assert order.acknowledged == [mine[0].alert_id]
    bo = Workshop(shop.orders, Memory(), shop.settings, shop.tenant, "Bo", NOW_MS + 1)
    bo.cancel(shop.orders.find(shop.tenant, order.order_id))
    found = [(one.action, one.alert_id, one.order_id, one.actor) for one in bo.sender.commands]
    assert found == [("reopen", mine[0].alert_id, order.order_id, "Bo")]
    assert bo.sender.commands[0].why == f"work order {order.order_id} was cancelled"


def test_a_full_day_is_passed_and_a_full_workshop_says_so(served):
    shop = shop_of(served, depot="full", minutes_per_day=300, weekdays=(1,))
    days = []
    for vehicle in ("V0001", "V0003", "V0001", "V0003"):
        fresh = [replace(one, alert_id=f"{one.alert_id}-{len(days)}") for one in alerts(vehicle)]
        days.append(shop.create(TRUCK, "Metz", fresh).start_ms)
    assert len({day // DAY for day in days}) >= 2
    tiny = shop_of(served, depot="tiny", minutes_per_day=1, weekdays=(1,))
    fresh = [[replace(alerts("V0001")[0], alert_id=f"x{number}")] for number in range(14)]
    for some in fresh[:13]:
        tiny.create(TRUCK, "Nice", some)
    with pytest.raises(DataError, match="no room within 90 days"):
        tiny.create(TRUCK, "Nice", fresh[13])


def test_of_two_who_change_one_version_the_first_wins(shop):
    order = shop.create(TRUCK, "Lille", alerts("V0003"))
    shop.plan(order, NOW_MS + 3 * DAY)
    bo = Workshop(shop.orders, Memory(), shop.settings, "t", "Bo", NOW_MS)
    with pytest.raises(OverwrittenError, match="Ana changed work order"):
        bo.cancel(order)
    newest = shop.orders.find("t", order.order_id)
    assert (newest.state, newest.version, newest.actor) == ("planned", 2, "Ana")
    assert bo.cancel(newest).state == "cancelled"
    with pytest.raises(DataError, match="cancelled already"):
        shop.plan(shop.orders.find("t", order.order_id), NOW_MS + DAY)


def test_closing_asks_for_every_part_and_tells_the_vehicles_history(served):
    shop = shop_of(served, depot="closing")
    order = shop.create(TRUCK, "Lyon", alerts("V0001"))
    for wrong in ({}, {"scr": ("not_checked", "")}):
        with pytest.raises(DataError, match="for every part"):
            shop.close(order, wrong)
    done = shop.close(order, {"coolant_pump": ("confirmed_part", "shaft loose")})
    assert (done.state, done.jobs[0].outcome) == ("done", "confirmed_part")
    event = shop.sender.events[0]
    assert (event.kind, event.code, event.vehicle_id) == ("finding", "coolant_pump", "V0001")
    assert (event.detail["outcome"], event.detail["order"]) == ("confirmed_part", order.order_id)


def test_without_an_alert_about_a_part_there_is_no_order(shop):
    lost = sample_fleet.signal_lost("V0005", 5, NOW_MS)
    with pytest.raises(DataError, match="needs an alert about a part"):
        shop.create(TRUCK, "Lyon", [lost])
    order = shop.create(TRUCK, "Lyon", [replace(alerts("V0001")[0], alert_id="other")])
    with pytest.raises(DataError, match="between yesterday and in a year"):
        shop.plan(order, NOW_MS + 400 * DAY)


def test_calendars_and_spreadsheets_get_all_of_it_and_no_formula(served):
    shop = shop_of(served, depot="export")
    order = shop.create(TRUCK, "Lyon", alerts("V0001"), "=HYPERLINK(1)")
    event = Calendar.from_ical(as_calendar([order], {"V0001": "AB-123-CD"})).walk("VEVENT")[0]
    assert str(event["uid"]) == f"{order.order_id}@telltale"
    assert event.decoded("dtstart").timestamp() * 1_000 == order.start_ms
    assert (event.decoded("dtend") - event.decoded("dtstart")).seconds == order.minutes * 60
    assert str(event["summary"]) == "AB-123-CD: Coolant pump"
    unnamed = Calendar.from_ical(as_calendar([order], {})).walk("VEVENT")[0]
    assert str(unnamed["summary"]) == "V0001: Coolant pump"
    rows = list(csv.DictReader(io.StringIO(as_csv([order], {"V0001": "=1"}))))
    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["note"] == "'=HYPERLINK(1)"
    assert (rows[0]["vehicle"], rows[0]["plate"]) == ("V0001", "'=1")
    assert rows[0]["part"] == "coolant pump"


def test_the_whole_way_over_http(served):
    client = served.client
    made = client.post("/api/workorders", json={"vehicle": "V0001", "actor": "Ana"})
    assert made.status_code == 201, made.text
    order = made.json()
    assert [one["part"] for one in order["jobs"]] == ["coolant pump"]
    commands = read(served, COMMANDS, lambda payload: [decode_command(payload)])
    assert [(one.action, one.vehicle_id) for one in commands] == [("acknowledge", "V0001")]
    path = f"/api/workorders/{order['order_id']}"
    assert client.get(path).json() == order
    known = client.get("/api/vehicles/V0001").json()
    assert order["plate"]
    assert (order["plate"], order["model"]) == (known["plate"], known["model"])
    assert f">{known['plate']}</a>" in client.get("/workorders").text
    start = order["start_ms"] + 3_600_000
    planned = client.post(f"{path}/plan", json={"start_ms": start, "seen": 1})
    assert (planned.status_code, planned.json()["state"]) == (200, "planned")
    late = client.post(f"{path}/cancel", json={"seen": 1, "actor": "Bo"})
    assert (late.status_code, late.json()["title"]) == (409, "Someone was faster")
    listed = client.get("/api/workorders").json()["orders"]
    assert order["order_id"] in [one["order_id"] for one in listed]
    assert "BEGIN:VEVENT" in client.get("/api/workorders/export.ics").text
    assert order["order_id"] in client.get("/api/workorders/export.csv").text
    missing = client.post(f"{path}/close", json={"findings": [{"mode": "scr", "outcome": "x"}]})
    assert missing.status_code == 422
    found = [{"mode": "coolant_pump", "outcome": "confirmed_part", "note": "worn"}]
    assert client.post(f"{path}/close", json={"findings": found}).json()["state"] == "done"
    told = read(served, TELEMETRY, lambda payload: [payload])
    assert any(b"confirmed_part" in one for one in told)
    assert client.post(f"{path}/cancel", json={}).status_code == 409


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/workorders/WO-none", None, 404),
        ("POST", "/api/workorders/WO-none/cancel", {}, 404),
        ("POST", "/api/workorders", {"vehicle": "nobody"}, 404),
        ("POST", "/api/workorders", {"vehicle": "V0007"}, 409),
        ("POST", "/api/workorders", {"vehicle": "V0003", "alerts": ["a-V0001-x"]}, 409),
        ("POST", "/api/workorders", {}, 422),
        ("POST", "/api/workorders", {"vehicle": "V0003", "tenant": "x"}, 422),
        ("GET", "/api/workorders?state=perhaps", None, 422),
        ("GET", "/api/workorders?limit=0", None, 422),
        ("GET", "/api/workorders?cursor=abc", None, 422),
        ("GET", "/api/workorders?vehicle=nobody", None, 404),
        ("GET", "/api/workorders/export.ics?vehicle=nobody", None, 404),
        ("GET", "/api/workorders/export.csv?vehicle=nobody", None, 404),
    ],
)
def test_what_cannot_be_is_a_problem(served, method, path, body, status):
    answer = served.client.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.fixture(scope="module")
def reims(served):
    """Five work orders of a depot in the order in which they begin, two of them at once; others of
    its vehicles and of another depot stand among them.
    """
    like = shop_of(served, depot="reims").create(TRUCK, "Reims", alerts("V0001"))
    like = replace(like, tenant="default", vehicle_id="V0009")

    def one(name, hours, **more):
        return replace(like, order_id=name, start_ms=NOW_MS + hours * 3_600_000, **more)

    mine = [one("R-e", 1), one("R-a", 2), one("R-c", 2), one("R-d", 3), one("R-b", 4)]
    others = [one("R-gone", 2, state="done"), one("R-away", 2, depot="Brest")]
    for order in [*others, *mine]:
        served_orders(served).save(order)
    # Of its versions the newest counts.
    moved = one("R-e", 5, version=2, edit_id="later")
    served_orders(served).save(moved)
    served_orders(served).save(replace(moved, start_ms=mine[0].start_ms, version=3))
    return [order.order_id for order in mine]


def served_orders(served):
    return WorkOrders(served.store.clickhouse)


def test_pages_of_orders_show_each_once_in_the_order_in_which_they_begin(served, reims):
    seen, cursor, sizes = [], "", []
    while len(sizes) < 9:
        query = {"depot": "Reims", "limit": 2, "cursor": cursor}
        page = served.client.get("/api/workorders", params=query).json()
        seen += [one["order_id"] for one in page["orders"]]
        sizes.append(len(page["orders"]))
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert (seen, sizes) == (reims, [2, 2, 1])


def test_the_page_goes_on_where_it_ended_and_keeps_its_filter(served, reims, monkeypatch):
    monkeypatch.setattr("app.web.orders_page._PAGE", 2)
    seen, path, pages = [], "/workorders?show=active&depot=Reims", 0
    while path and pages < 9:
        page = served.client.get(path).text
        seen += re.findall(r'data-href="/workorders/([^"]+)"', page)
        first = re.findall(r'<a href="(/workorders[^"]*)">From the first on</a>', page)
        assert [html.unescape(one) for one in first] == (
            ["/workorders?show=active&depot=Reims"] if pages else []
        )
        assert "/workorders?show=done&amp;depot=Reims" in page
        following = re.findall(r'<a href="(/workorders[^"]*)">More</a>', page)
        path, pages = (html.unescape(following[0]) if following else ""), pages + 1
    assert (seen, pages) == (reims, 3)
    empty = served.client.get("/workorders?depot=Atlantis").text
    assert "No work order of this depot." in empty


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ({"depot": "Reims"}, "all of them"),
        ({"depot": "Reims", "state": "done"}, ["R-gone"]),
        ({"depot": "Brest"}, ["R-away"]),
        ({"depot": "Brest", "state": "cancelled"}, []),
        ({"vehicle": "V0009", "depot": "Brest"}, ["R-away"]),
        ({"vehicle": "the plate", "depot": "Reims"}, "all of them"),
        ({"vehicle": "WDB9066331S100009", "depot": "Reims"}, "all of them"),
        ({"vehicle": "V0003", "depot": "Reims"}, []),
    ],
    ids=str,
)
def test_list_exports_and_command_line_are_narrowed_alike(served, reims, query, fits, tmp_path):
    wanted = reims if fits == "all of them" else fits
    if query.get("vehicle") == "the plate":
        plate = served.client.get("/api/vehicles/V0009").json()["plate"]
        query = {**query, "vehicle": plate.lower()}
    listed = served.client.get("/api/workorders", params=query).json()
    assert [one["order_id"] for one in listed["orders"]] == wanted
    table = served.client.get("/api/workorders/export.csv", params=query).text
    calendar = served.client.get("/api/workorders/export.ics", params=query).text
    options = [f"--{name}={value}" for name, value in query.items()]
    told = json.loads(run(served, "list", *options, "--json"))["orders"]
    assert [one["order_id"] for one in told] == wanted
    for name in ("orders.csv", "orders.ics"):
        run(served, "export", str(tmp_path / name), *options)
    assert in_table(table) == in_table((tmp_path / "orders.csv").read_text()) == wanted
    assert in_calendar(calendar) == in_calendar((tmp_path / "orders.ics").read_text()) == wanted


def in_table(text):
    return [row["order"] for row in csv.DictReader(io.StringIO(text))]


def in_calendar(text):
    events = Calendar.from_ical(text).walk("VEVENT")
    return [str(one["uid"]).removesuffix("@telltale") for one in events]


def test_the_page_exports_what_it_shows(served, reims):
    page = served.client.get("/workorders?depot=Reims").text
    links = re.findall(r'href="(/api/workorders/export\.[^"]*)"', page)
    calendar, table = (served.client.get(html.unescape(link)).text for link in links)
    assert in_calendar(calendar) == in_table(table) == reims


def run(served, *words):
    wide = environment(served.settings, COLUMNS="300")
    done = CliRunner().invoke(app, ["workorders", *words], env=wide)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_whole_way_from_the_command_line(served, tmp_path):
    order = json.loads(run(served, "create", "V0003", "--note", "urgent", "--json"))
    identity = order["order_id"]
    assert identity in run(served, "list")
    assert order["plate"]
    assert order["plate"] in run(served, "list")
    shown = run(served, "show", identity)
    assert f"{identity}: {order['plate']}, " in shown
    assert f"{order['minutes']} minutes ({order['minutes'] - 90} of checks, 90 of repair)" in shown
    day = datetime.fromtimestamp(served.now_ms / 1_000, UTC).date().isoformat()
    planned = json.loads(run(served, "plan", identity, f"{day}T10:30:00", "--json"))
    assert datetime.fromtimestamp(planned["start_ms"] / 1_000, UTC).minute == 30
    for name in ("orders.ics", "orders.csv"):
        run(served, "export", str(tmp_path / name))
        assert identity in (tmp_path / name).read_text()
        assert order["plate"] in (tmp_path / name).read_text()
    with pytest.raises(SettingsError, match=r"\.ics or \.csv"):
        run(served, "export", str(tmp_path / "orders.pdf"))
    with pytest.raises(DataError, match="MODE=OUTCOME"):
        run(served, "close", identity, "--found", "turbocharger")
    closed = run(served, "close", identity, "--found", "turbocharger=other_part:hose", "--json")
    assert json.loads(closed)["jobs"][0]["note"] == "hose"
    with pytest.raises(DataError, match="no work order"):
        run(served, "cancel", "WO-none")
    for words in (["list"], ["export", str(tmp_path / "orders.csv")]):
        with pytest.raises(DataError, match="no vehicle has the id, VIN or plate 'nobody'"):
            run(served, *words, "--vehicle", "nobody")
