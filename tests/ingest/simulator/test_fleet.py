import numpy as np
import pytest

from contracts.catalogue import signal_at
from contracts.codec import frame_arrays
from contracts.errors import DataError
from contracts.records import Frame, VehicleEvent
from features.profile import builtin_profile, profile_names
from features.summary import Reducer
from ingest.simulator import faults
from ingest.simulator import fleet as fleet_module
from ingest.simulator.fleet import KINDS, Fleet
from ingest.simulator.spec import DAY_MS, FleetSpec

START_MS = 1_704_067_200_000
SPEC = FleetSpec({"car-combustion": 3, "car-electric": 3, "truck-diesel": 3}, 5, START_MS, 90)
SINCE_MS = START_MS + 61 * DAY_MS + 12_345_678
UNTIL_MS = START_MS + 75 * DAY_MS


def told(fleet, until_ms):
    """History as {(vehicle, seq): (time, stats)} and all its events."""
    frames, events = {}, []
    for part, some in fleet.history(until_ms):
        keys = zip(part.vehicle_id, part.seq.tolist(), strict=True)
        frames.update(
            (key, (int(t), stats))
            for key, t, stats in zip(keys, part.time_ms, part.stats, strict=True)
        )
        events += some
    return frames, events


@pytest.fixture(scope="module")
def whole():
    return told(Fleet(SPEC), SPEC.end_ms)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_kind_is_its_profile(name):
    profile, kind = builtin_profile(name), KINDS[name]
    assert [s.path for s in kind.signals] == [s.path for s in profile.signals]
    assert [(m.name, m.part) for m in kind.modes] == [(m.name, m.part) for m in profile.modes]
    for mode in kind.modes:
        assert {code.code for code in mode.codes} == set(profile.mode(mode.name).fault_codes)
        assert {s.path for s in mode.symptoms} <= {s.path for s in kind.signals}
    assert name in profile_names()


def test_the_same_seed_tells_the_same_story(whole):
    again = told(Fleet(SPEC), SPEC.end_ms)
    assert again[1] == whole[1]
    assert again[0].keys() == whole[0].keys()
    for key, (time_ms, stats) in whole[0].items():
        assert again[0][key][0] == time_ms
        np.testing.assert_array_equal(again[0][key][1], stats)


def test_another_seed_tells_another_story(whole):
    other = FleetSpec(SPEC.vehicles, 6, SPEC.start_ms, SPEC.days)
    assert told(Fleet(other), other.end_ms)[1] != whole[1]


def test_no_two_vehicles_live_alike(whole):
    first = {}
    for (vehicle_id, seq), (time_ms, stats) in whole[0].items():
        if seq == 0:
            first[vehicle_id] = (time_ms, stats.tobytes())
    assert len(first) == 9
    assert len({time_ms for time_ms, _ in first.values()}) == 9
    assert len({stats for _, stats in first.values()}) == 9


def test_chunks_and_fleet_size_change_nothing(whole, monkeypatch):
    monkeypatch.setattr(fleet_module, "_GROUP", 2)
    more = FleetSpec({"car-combustion": 5}, SPEC.seed, SPEC.start_ms, SPEC.days)
    frames, _ = told(Fleet(more), UNTIL_MS)
    mine = {key: seen for key, seen in frames.items() if key[0] <= "V0003"}
    expected = {
        key: seen for key, seen in whole[0].items() if key[0] <= "V0003" and seen[0] < UNTIL_MS
    }
    assert mine.keys() == expected.keys()
    for key, (time_ms, stats) in mine.items():
        assert time_ms == expected[key][0]
        np.testing.assert_array_equal(stats, expected[key][1])


@pytest.mark.parametrize("sensor_faults_a_year", [faults.SENSOR_FAULTS_A_YEAR, 60])
def test_live_frames_are_the_frames_of_history(monkeypatch, sensor_faults_a_year):
    monkeypatch.setattr(faults, "SENSOR_FAULTS_A_YEAR", sensor_faults_a_year)
    frames, events = told(Fleet(SPEC), SPEC.end_ms)
    lived = list(Fleet(SPEC).live(SINCE_MS, UNTIL_MS))
    expected = {key: seen for key, seen in frames.items() if SINCE_MS <= seen[0] < UNTIL_MS}
    found = {(r.vehicle_id, r.seq): r for r in lived if isinstance(r, Frame)}
    assert found.keys() == expected.keys()
    assert len(expected) > 500
    for name in KINDS:
        some = [frame for frame in found.values() if frame.profile == name]
        stats, refused = Reducer(builtin_profile(name)).reduce(some)
        assert not refused
        wanted = np.stack([expected[f.vehicle_id, f.seq][1] for f in some])
        scale = np.array([s.scale for s in builtin_profile(name).signals])[:, None]
        np.testing.assert_allclose(stats[:, :, 1:] / scale, wanted[:, :, 1:] / scale, atol=2e-4)
        np.testing.assert_array_equal(stats[:, :, 0], wanted[:, :, 0])
    told_live = [r for r in lived if isinstance(r, VehicleEvent)]
    assert sorted(told_live, key=repr) == sorted(
        (e for e in events if SINCE_MS <= e.time_ms < UNTIL_MS), key=repr
    )


def test_live_comes_in_order_but_for_a_few_late_frames():
    spec = FleetSpec({"car-combustion": 30}, 2, START_MS, 40)
    lived = list(Fleet(spec).live(START_MS, spec.end_ms))
    times = [r.start_ms if isinstance(r, Frame) else r.time_ms for r in lived]
    newest = np.maximum.accumulate(times)
    behind = newest - np.array(times)
    late = behind > 0
    assert 0.001 < late.mean() < 0.01
    assert behind.max() < 2 * DAY_MS
    assert all(isinstance(r, Frame) for r, wait in zip(lived, late, strict=True) if wait)


def test_sequence_numbers_have_no_gap(whole):
    by_vehicle = {}
    for (vehicle_id, seq), (time_ms, _) in whole[0].items():
        by_vehicle.setdefault(vehicle_id, []).append((time_ms, seq))
    assert len(by_vehicle) == 9
    for rows in by_vehicle.values():
        assert [seq for _, seq in sorted(rows)] == list(range(len(rows)))
        moments = np.array(sorted(t for t, _ in rows))
        assert np.diff(moments).min() > 60_000
        assert moments[0] >= START_MS
        assert moments[-1] < SPEC.end_ms


def test_every_value_is_possible(whole):
    for name in KINDS:
        rows = [
            stats for key, (_, stats) in whole[0].items() if Fleet(SPEC).profile_of(key[0]) == name
        ]
        stats = np.stack(rows)
        for column, signal in enumerate(KINDS[name].signals):
            spec = signal_at(signal.path)
            assert np.nanmin(stats[:, column, 3]) >= spec.low
            assert np.nanmax(stats[:, column, 4]) <= spec.high
        missing = np.isnan(stats[:, :, 1])
        np.testing.assert_array_equal(missing, stats[:, :, 0] == 0)
        assert missing.mean() < 0.01
    frame = next(r for r in Fleet(SPEC).live(SINCE_MS, UNTIL_MS) if isinstance(r, Frame))
    assert frame_arrays(frame)[2].shape == (30, len(KINDS[frame.profile].signals))


@pytest.mark.parametrize(
    ("vehicles", "days"),
    [({"tractor": 3}, 10), ({"truck-diesel": -1}, 10), ({"truck-diesel": 1}, 0)],
)
def test_an_impossible_fleet_is_refused(vehicles, days):
    with pytest.raises(DataError):
        Fleet(FleetSpec(vehicles, 1, START_MS, days))
