"""Cases that workshops found before: the likest first, and never one's own."""

import pytest
from msgspec.structs import replace

from contracts.alerts import Reason
from contracts.records import VehicleEvent
from tests.app import sample_fleet
from tests.app.sample_fleet import DAY
from tests.app.serving import serve_fleet

MODE = "turbocharger"
MINE = "V0003"


pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def fleet(stack):
    with serve_fleet(stack.fresh(), 9) as served:
        yield served


def finding(vehicle, time_ms, outcome, note="", mode=MODE, profile="truck-diesel"):
    detail = {"outcome": outcome, "note": note}
    return VehicleEvent("default", profile, vehicle, time_ms, "finding", mode, detail)


def alert(vehicle, opened_ms, signals):
    """A resolved alert of another truck, led by these signals."""
    made = sample_fleet.alert(MINE, opened_ms, state="resolved", alert_id=f"case-{vehicle}")
    reasons = [Reason(f"{signal} is high", signal) for signal in signals]
    return replace(made, vehicle_id=vehicle, opened_ms=opened_ms, reasons=reasons)


def test_the_likest_cases_come_first_with_the_signs_they_share(fleet):
    store, now = fleet.store, fleet.now_ms
    mine = sample_fleet.alert(MINE, now).reasons[0].signal
    store.write_alerts(
        [
            alert("W1", now - 200 * DAY, [mine, "Speed"]),
            alert("W2", now - 60 * DAY, ["Speed"]),
            alert("W3", now - 300 * DAY, [mine]),
        ],
        [],
    )
    store.write_events(
        [
            finding("W1", now - 190 * DAY, "confirmed_part", "shaft play"),
            finding("W2", now - 50 * DAY, "no_fault_found"),
            finding("W3", now - 20 * DAY, "other_part", "too late after its alert"),
            finding("W4", now - 40 * DAY, "confirmed_part", "found at a service"),
            finding(MINE, now - 10 * DAY, "confirmed_part", "its own"),
            finding("W5", now - 10 * DAY, "confirmed_part", mode="dpf"),
            finding("W6", now - 10 * DAY, "confirmed_part", profile="car-combustion"),
        ]
    )
    found = fleet.client.get(f"/api/vehicles/{MINE}/cases").json()
    (mode,) = found["modes"]
    assert (mode["mode"], mode["label"]) == (MODE, "Turbocharger")
    assert mode["outcomes"] == {"confirmed_part": 2, "no_fault_found": 1, "other_part": 1}
    told = [(one["vehicle_id"], one["outcome"], len(one["same"])) for one in mode["likest"]]
    assert told == [
        ("W1", "confirmed_part", 1),
        ("W4", "confirmed_part", 0),
        ("W3", "other_part", 0),
        ("W2", "no_fault_found", 0),
    ]
    page = fleet.client.get(f"/vehicles/{MINE}").text
    assert "shaft play" in page
    assert "Same signs:" in page
    assert fleet.client.get("/api/vehicles/V0008/cases").json()["modes"] == []
