from collections import Counter, defaultdict

import numpy as np
import pytest

from contracts.records import VehicleEvent
from features.profile import builtin_profile
from ingest.simulator.fleet import KINDS, Fleet
from ingest.simulator.spec import DAY_MS, FleetSpec

SPEC = FleetSpec(
    {"car-combustion": 40, "car-electric": 40, "truck-diesel": 40}, 21, 1_704_067_200_000, 400
)


@pytest.fixture(scope="module")
def fleet():
    return Fleet(SPEC)


@pytest.fixture(scope="module")
def story(fleet):
    events: dict[str, list[VehicleEvent]] = defaultdict(list)
    frames = {}
    for part, some in fleet.history(SPEC.end_ms):
        for event in some:
            events[event.vehicle_id].append(event)
        ids = np.array(part.vehicle_id)
        frames.update({v: part.time_ms[ids == v] for v in set(part.vehicle_id)})
    return events, frames


def test_a_vehicle_begins_with_its_papers(story):
    for events in story[0].values():
        kinds = [event.kind for event in events]
        assert kinds[0] == "registration"
        assert kinds.count("registration") == 1
        assert {"vin", "plate", "model", "depot"} <= events[0].detail.keys()
        times = [event.time_ms for event in events]
        assert times == sorted(times)
        assert SPEC.start_ms <= times[0]
        assert times[-1] < SPEC.end_ms


def test_a_broken_part_stands_until_it_is_replaced(story, fleet):
    repairs = 0
    for vehicle_id, events in story[0].items():
        profile = builtin_profile(fleet.profile_of(vehicle_id))
        broken = None
        for event in events:
            if event.kind == "failure":
                assert broken is None, "a standing vehicle can't break down"
                broken = (profile.mode(event.code).part, event.time_ms)
            elif event.kind == "replacement" and event.detail["reason"] == "failure":
                assert broken is not None
                assert broken[0] == event.code
                times = story[1][vehicle_id]
                stood = (times > broken[1]) & (times < event.time_ms)
                assert not stood.any()
                assert event.time_ms > broken[1]
                broken, repairs = None, repairs + 1
    assert repairs > 100


def test_codes_are_known_to_the_profile(story, fleet):
    codes = Counter()
    for vehicle_id, events in story[0].items():
        profile = builtin_profile(fleet.profile_of(vehicle_id))
        for event in events:
            if event.kind == "fault_code":
                assert event.code in profile.code_index
                codes[profile.name] += 1
    assert len(codes) == 3


def test_the_truth_is_the_failures(story, fleet):
    truth = fleet.truth()
    told = {
        (e.vehicle_id, e.code, e.time_ms)
        for events in story[0].values()
        for e in events
        if e.kind == "failure"
    }
    assert told == {(f.vehicle_id, f.mode, f.time_ms) for f in truth}
    shocks = np.mean([not failure.predictable for failure in truth])
    assert 0.10 <= shocks <= 0.30
    lead = [(f.time_ms - f.onset_ms) / DAY_MS for f in truth if f.predictable]
    assert np.quantile(lead, 0.05) > 14
    assert 45 < np.median(lead) < 110
    assert {(f.profile, f.mode) for f in truth} == {
        (kind.name, mode.name) for kind in KINDS.values() for mode in kind.modes
    }


def test_some_codes_are_late_some_false_some_missing(story, fleet):
    truth = [f for f in fleet.truth() if f.predictable]
    warned, lead = 0, []
    matched = set()
    for failure in truth:
        mode = builtin_profile(failure.profile).mode(failure.mode)
        hits = [
            e
            for e in story[0][failure.vehicle_id]
            if e.kind == "fault_code"
            and e.code in mode.fault_codes
            and failure.onset_ms <= e.time_ms < failure.time_ms
        ]
        warned += bool(hits)
        matched.update((e.vehicle_id, e.code, e.time_ms) for e in hits)
        lead += [(failure.time_ms - hits[0].time_ms) / DAY_MS] if hits else []
    codes = [e for events in story[0].values() for e in events if e.kind == "fault_code"]
    assert 0.3 < warned / len(truth) < 0.75
    assert np.median(lead) < 25
    assert 0.15 < 1 - len(matched) / len(codes) < 0.7


def test_preventive_work_happens(story):
    reasons = Counter(
        e.detail["reason"]
        for events in story[0].values()
        for e in events
        if e.kind == "replacement"
    )
    assert set(reasons) == {"failure", "service", "renewal"}
    kinds = Counter(e.kind for events in story[0].values() for e in events)
    assert kinds["firmware"] > 100
    assert kinds["service"] > 100


def test_signals_get_lost_for_days(story):
    silent = sum(int((np.diff(times) > 4 * DAY_MS).any()) for times in story[1].values())
    assert 0.1 < silent / len(story[1]) < 0.9
