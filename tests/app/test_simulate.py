import pytest

from app.cli.simulate import wanted, write_history
from contracts.errors import SettingsError
from ingest.simulator.fleet import Fleet
from ingest.simulator.spec import FleetSpec


class Memory:
    def __init__(self):
        self.frames, self.events = [], []

    def write_summaries(self, batch):
        self.frames.append(batch)

    def write_events(self, events):
        self.events += events


def test_all_of_a_fleet_is_written():
    store = Memory()
    fleet = Fleet(FleetSpec({"truck-diesel": 20, "car-electric": 1}, 4, 1_704_067_200_000, 30))
    written = write_history(fleet, store, quiet=True)
    assert written.vehicles == 21
    assert written.frames == sum(map(len, store.frames))
    assert {v for part in store.frames for v in part.vehicle_id} == set(fleet.vehicle_ids)
    assert written.events == len(store.events)
    assert written.failures == len([e for e in store.events if e.kind == "failure"])
    assert len(store.frames) == fleet.groups == 3


def test_a_fleet_is_written_as_profile_and_number():
    assert wanted(["truck-diesel=40", "car-electric=2"]) == {"truck-diesel": 40, "car-electric": 2}


@pytest.mark.parametrize("text", ["", "truck-diesel", "truck-diesel=", "truck-diesel=-1", "boat=3"])
def test_anything_else_is_refused(text):
    with pytest.raises(SettingsError, match="PROFILE=VEHICLES"):
        wanted([text])
