"""How much a vehicle's traction battery still holds: API, command line and page."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from app.cli.main import app
from contracts.batches import Summaries
from contracts.records import VehicleEvent
from features.profile import builtin_profile
from tests.app.test_worker import environment

pytestmark = pytest.mark.stack
DAY = 86_400_000
ELECTRIC, UNSEEN, TRUCK = "V0013", "V0022", "V0018"
PACK = builtin_profile("car-electric").battery
PATHS = [signal.path for signal in builtin_profile("car-electric").signals]


def charge(vehicle, start_ms, hours, amps=40.0):
    """A charge from 3.6 to 4.18 V a cell in frames of a minute that hold nothing else."""
    count = int(hours * 60)
    stats = np.full((count, len(PATHS), 6), np.nan, np.float32)
    stats[:, :, 0] = 0
    volts = np.linspace(3.6, 4.18, count) * PACK.cells_in_series
    for path, means in ((PACK.voltage, volts), (PACK.current, np.full(count, amps))):
        stats[:, PATHS.index(path), 0] = 30
        stats[:, PATHS.index(path), 1:] = means[:, None]
    times = start_ms + 60_000 * np.arange(count)
    names = ["default"] * count, [vehicle] * count
    return Summaries("car-electric", *names, times, times // 60_000, stats)


@pytest.fixture(scope="module")
def charged(api):
    """Five charges when new and three later, which take in a fifth less."""
    start = api.now_ms - 40 * DAY
    for day, hours in enumerate([2.0] * 5 + [1.6] * 3):
        api.store.write_summaries(charge(ELECTRIC, start + 4 * day * DAY, hours))
    return start


def asked(api, vehicle):
    answer = api.client.get(f"/api/vehicles/{vehicle}/battery")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_health_is_what_its_charges_tell(api, charged):
    found = asked(api, ELECTRIC)
    health = found["health"]
    assert (found["charges"], found["why"]) == (8, "")
    assert health["percent"] == pytest.approx(100 - 0.2 * 56, abs=1.0)
    assert 75 < health["low"] < health["percent"] < health["high"] < 100
    assert (health["first_ms"], health["last_ms"]) == (charged, charged + 28 * DAY)


def test_a_battery_that_was_replaced_begins_anew(api, charged):
    battery = VehicleEvent(
        "default", "car-electric", UNSEEN, charged + 10 * DAY, "replacement", PACK.part, {}
    )
    for day in range(8):
        api.store.write_summaries(charge(UNSEEN, charged + 4 * day * DAY, 2.0))
    assert asked(api, UNSEEN)["charges"] == 8
    api.store.write_events([battery])
    found = asked(api, UNSEEN)
    assert (found["health"], found["charges"]) == (None, 5)
    assert "5 charges went from 3.8 to 4.15 V a cell" in found["why"]


def test_a_vehicle_without_one_says_so(api):
    found = asked(api, TRUCK)
    assert found["health"] is None
    assert "names no traction battery" in found["why"]
    assert api.client.get("/api/vehicles/nobody/battery").status_code == 404


@pytest.mark.usefixtures("charged")
def test_the_page_tells_it(api):
    whole = api.client.get(f"/vehicles/{ELECTRIC}").text
    assert f'hx-get="/vehicles/{ELECTRIC}?part=battery"' in whole
    told = api.client.get(f"/vehicles/{ELECTRIC}?part=battery").text
    assert "89\N{NO-BREAK SPACE}% of new" in told
    assert "By 8 charges" in told
    few = api.client.get("/vehicles/V0002?part=battery", headers={"Accept-Language": "fr"}).text
    assert "0 charge est passée" in few
    assert "part=battery" not in api.client.get(f"/vehicles/{TRUCK}").text


@pytest.mark.usefixtures("charged")
def test_the_command_line_tells_it(api):
    told = CliRunner().invoke(app, ["battery", ELECTRIC], env=environment(api.settings))
    assert told.exit_code == 0, told.output
    assert f"{ELECTRIC}: 89 % of new" in told.output
    found = CliRunner().invoke(app, ["battery", ELECTRIC, "--json"], env=environment(api.settings))
    assert json.loads(found.output)["charges"] == 8
