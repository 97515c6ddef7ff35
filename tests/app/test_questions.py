"""How many questions a page costs the store, once what every page asks is known."""

import time
from types import SimpleNamespace

import pytest

from app.api.looks import Looks
from contracts.records import VehicleEvent
from infra.clickhouse import ClickHouse
from tests.app import sample_fleet
from tests.app.serving import serve_fleet

pytestmark = pytest.mark.stack
ASKED = {
    "/": 3,
    "/?part=live": 3,
    "/?show=all&depot=Lyon": 4,
    "/api/fleet": 3,
    "/vehicles/V0001": 4,
    "/vehicles/V0001?part=live": 4,
    "/vehicles/V0006": 2,
    "/vehicles/V0001/job-card": 3,
    "/api/vehicles/V0001": 2,
    "/api/vehicles/V0006": 2,
    "/vehicles/V0006?part=reasons": 2,
    "/api/vehicles/V0001/reasons": 3,
    "/api/vehicles/V0001/history": 3,
    "/api/vehicles/V0001/risk-history?mode=coolant_pump": 2,
    "/alerts": 2,
    "/alerts?part=live": 2,
    "/alerts?show=quiet": 1,
    "/alerts?by=depot": 3,
    "/alerts/a-V0001-coolant_pump": 2,
    "/api/alerts": 2,
    "/figures": 4,
}


@pytest.fixture(scope="module")
def fleet(stack):
    """A fleet in which V0001 has all that its page can show: an alert, frames, cases like it."""
    with serve_fleet(stack.fresh(), 9) as served:
        detail, when = {"outcome": "confirmed_part"}, served.now_ms - sample_fleet.DAY
        place = ("default", "truck-diesel", "V0003", when)
        served.store.write_events([VehicleEvent(*place, "finding", "coolant_pump", detail)])
        yield served


@pytest.fixture
def asked(monkeypatch):
    """Every question that the store is asked for one reader; what is kept stays fresh."""
    still = SimpleNamespace(monotonic=lambda: 0.0, time_ns=time.time_ns)
    for module in ("app.api.kept", "app.access.door"):
        monkeypatch.setattr(f"{module}.time", still)
    monkeypatch.setattr(Looks, "get", lambda _self, _tenant, _key, ask: ask())
    heard = []
    for way in ("arrow", "command"):
        plain = getattr(ClickHouse, way)

        def listening(store, sql, *, _plain=plain, **given):
            heard.append(sql)
            return _plain(store, sql, **given)

        monkeypatch.setattr(ClickHouse, way, listening)
    return heard


def test_a_page_asks_no_more_questions_than_it_did(fleet, asked):
    found = {}
    for path in ASKED:
        fleet.client.get(path).raise_for_status()
        asked.clear()
        fleet.client.get(path).raise_for_status()
        found[path] = len(asked)
    assert found == ASKED
