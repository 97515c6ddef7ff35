"""Properties of the engine over whole logs."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.batches import Summaries
from contracts.records import VehicleEvent
from features.engine import Engine
from features.state import PartitionState, StaleStateError
from features.vector import feature_specs
from tests.features.literal import literal_features
from tests.features.logs import (
    DAY,
    EXPECTATION,
    HOUR,
    PROFILE,
    START,
    Log,
    engine,
    event,
    final_rows,
    frame,
    logs,
    run,
    step_rows,
)

NEWS = [("replacement", "battery"), ("firmware", "2")]
MANY = settings(max_examples=400, deadline=None)
SPECS = feature_specs(PROFILE)
NAMES = [spec.name for spec in SPECS]
TOLERANCE = 1e-4
"""Of 1 + |value|; for a standard deviation, of its square to the mean square; a slope 20 times."""


def assert_close(found: np.ndarray, wanted: np.ndarray, tolerance: float = TOLERANCE) -> None:
    """Two feature vectors agree to the stated tolerance, and in what is unknown."""
    by_name = dict(zip(NAMES, wanted, strict=True))
    for spec, left, right in zip(SPECS, found, wanted, strict=True):
        assert np.isnan(left) == np.isnan(right), (spec.name, left, right)
        near = tolerance * (1 + abs(right))
        if spec.kind == "std":
            mean = by_name[spec.name.replace(".std_", ".mean_")]
            near = tolerance * (1 + mean * mean + right * right)
            assert np.isnan(left) or abs(left * left - right * right) <= near, spec.name
            continue
        if spec.kind == "slope":
            near *= 20
        assert np.isnan(left) or abs(left - right) <= near, (spec.name, left, right)


def literal_row(vehicle: str, summaries: list[Summaries], log: Log) -> np.ndarray:
    shape = (0, len(PROFILE.signals), 6)
    frames = Summaries("small", [], [], np.zeros(0, int), np.zeros(0, int), np.zeros(shape, "f4"))
    if summaries:
        every = summaries[0]
        mine = np.array([name == vehicle for name in every.vehicle_id])
        names = [vehicle] * int(mine.sum())
        frames = Summaries(
            "small", names, names, every.time_ms[mine], every.seq[mine], every.stats[mine]
        )
    happened = [
        record
        for record in log.records
        if isinstance(record, VehicleEvent) and record.vehicle_id == vehicle
    ]
    expected = EXPECTATION.expected(frames.stats[:, :, 1]).astype(float)
    band = EXPECTATION.band.astype(float)
    found = literal_features(PROFILE, expected, band, frames, happened)
    return np.array([found.get(name, np.nan) for name in NAMES])


@MANY
@given(logs())
def test_a_literal_implementation_agrees(log):
    state, steps = run(log.records)
    assert not steps[0].refused
    for vehicle, row in zip(*final_rows(state), strict=True):
        assert_close(row, literal_row(vehicle, steps[0].summaries, log))


@MANY
@given(logs(kinds=("fault_code", "service")), st.randoms(use_true_random=False))
def test_order_of_arrival_changes_nothing(log, random):
    shuffled = list(log.records)
    random.shuffle(shuffled)
    state, _ = run(log.records)
    other, steps = run(shuffled)
    assert not steps[0].refused
    (names, wanted), (others, found) = final_rows(state), final_rows(other)
    assert names == others
    for left, right in zip(found, wanted, strict=True):
        assert_close(left, right)
    for key, row in state.profiles["small"].rows.items():
        here = state.profiles["small"].block(slice(row, row + 1))
        place = other.profiles["small"].rows[key]
        there = other.profiles["small"].block(slice(place, place + 1))
        for name in ("newest", "frame", "frame_seq", "first", "frames", "buckets", "used", "now"):
            np.testing.assert_array_equal(getattr(here, name), getattr(there, name), name)


@MANY
@given(logs(), st.lists(st.integers(0, 24), max_size=6), st.randoms(use_true_random=False))
def test_batch_boundaries_change_nothing_to_the_bit(log, cuts, random):
    records = log.records + random.sample(log.records, len(log.records) // 3)
    cuts = [cut for cut in cuts if cut <= len(records)]
    state, steps = run(records)
    other, pieces = run(records, cuts)
    assert step_rows(steps) == step_rows(pieces)
    for name, array in state.arrays().items():
        np.testing.assert_array_equal(array, other.arrays()[name], name)
    assert steps[0].events == [event for piece in pieces for event in piece.events]
    stats = [s.stats for piece in pieces for s in piece.summaries]
    if stats:
        np.testing.assert_array_equal(steps[0].summaries[0].stats, np.concatenate(stats))


@MANY
@given(logs(), st.randoms(use_true_random=False))
def test_duplicates_change_nothing(log, random):
    doubled = list(log.records)
    for record in random.choices(log.records, k=5):
        first = next(i for i, known in enumerate(doubled) if known is record)
        doubled.insert(random.randint(first + 1, len(doubled)), record)
    state, steps = run(log.records)
    other, repeated = run(doubled)
    assert [refusal.reason for refusal in repeated[0].refused] == ["duplicate"] * 5
    assert step_rows(steps) == step_rows(repeated)
    for name, array in state.arrays().items():
        np.testing.assert_array_equal(array, other.arrays()[name], name)


@MANY
@given(logs(), st.integers(0, 24))
def test_a_snapshot_continues_to_the_bit(log, cut):
    cut = min(cut, len(log.records))
    whole, steps = run(log.records)
    half, before = run(log.records[:cut])
    copies = {name: array.copy() for name, array in half.arrays().items()}
    machine = engine()
    state = machine.restore(copies)
    rest = log.records[cut:]
    after = machine.step(state, rest, [START + 10_000 * DAY] * len(rest))
    assert step_rows(steps) == step_rows([*before, after])
    for name, array in whole.arrays().items():
        np.testing.assert_array_equal(array, state.arrays()[name], name)


def test_rows_are_due_at_first_then_after_the_interval_or_a_surprise():
    hot = ((70.0, 140.0, 13.5),)
    records = [
        frame(0, START),
        frame(1, START + HOUR),
        frame(2, START + 2 * HOUR, hot),
        frame(3, START + 3 * HOUR, hot),
        frame(4, START + 8 * HOUR),
        event("fault_code", "P0217", START + 9 * HOUR),
        event("service", "oil", START + 10 * HOUR),
        frame(5, START + 14 * HOUR),
        frame(6, START + 15 * HOUR),
    ]
    rows = run(records)[1][0].features[0]
    hours = [(time - START) // HOUR for time in rows.time_ms]
    assert list(zip(hours, rows.trigger, strict=True)) == [
        (0, "due"),
        (2, "residual"),
        (8, "due"),
        (9, "fault_code"),
        (15, "due"),
    ]


def test_a_late_frame_counts_but_is_not_scored_and_is_not_now():
    records = [frame(0, START), frame(2, START + HOUR), frame(1, START + 1, ((0.0, 140.0, 12.0),))]
    state, steps = run(records)
    assert len(steps[0].features[0]) == 1
    row = dict(zip(NAMES, final_rows(state)[1][0], strict=True))
    assert row["engine_coolant_temperature.now"] < 1
    assert row["engine_coolant_temperature.mean_30d"] > 1
    assert row["vehicle.use_hours"] == 0.75


def test_a_replacement_makes_its_part_new():
    records = [
        frame(0, START),
        event("replacement", "battery", START + 10 * DAY),
        frame(1, START + 9 * DAY),
        frame(2, START + 12 * DAY),
    ]
    row = dict(zip(NAMES, final_rows(run(records)[0])[1][0], strict=True))
    assert (row["battery.age_days"], row["battery.use_hours"]) == (2, 0.25)
    assert (row["coolant_pump.age_days"], row["coolant_pump.use_hours"]) == (12, 0.75)


def test_an_older_replacement_or_firmware_report_changes_nothing():
    newer = [event(kind, code, START + 9 * DAY) for kind, code in NEWS]
    older = [event(kind, code, START + 2 * DAY) for kind, code in NEWS]
    frames = [frame(0, START), frame(1, START + 9 * DAY), frame(2, START + 10 * DAY)]
    wanted = final_rows(run([frames[0], *newer, *frames[1:]])[0])[1]
    found = final_rows(run([frames[0], *newer, *frames[1:], *older])[0])[1]
    np.testing.assert_array_equal(found, wanted)
    assert wanted[0, NAMES.index("battery.use_hours")] == 0.5


def test_a_firmware_change_resets_the_own_baseline():
    hot = ((60.0, 100.0, 13.5),)
    old = [frame(i, START + i * HOUR) for i in range(4)]
    new = [event("firmware", "2", START + 5 * DAY), frame(4, START + 6 * DAY, hot)]
    late = [frame(5, START + 4 * DAY)]
    place = NAMES.index("engine_coolant_temperature.mean_1d_less_new")
    assert final_rows(run(old + new[1:])[0])[1][0, place] > 1
    changed = final_rows(run(old + new + late)[0])[1][0]
    assert 0 > changed[place] > -2
    assert changed[NAMES.index("vehicle.firmware_days")] == 1


def test_many_vehicles_of_two_profiles_share_a_state():
    other = {"small": PROFILE, "twin": _twin()}
    machine, state = Engine(other), PartitionState()
    records = [frame(0, START + i, vehicle=f"V{i:04d}") for i in range(500)]
    records += [frame(1, START + i, vehicle=f"V{i:04d}", profile="twin") for i in range(300)]
    step = machine.step(state, records, [START] * 800)
    assert [len(rows) for rows in step.features] == [500, 300]
    assert step.features[0].vehicle_id == [f"V{i:04d}" for i in range(500)]
    assert len(machine.restore(state.arrays())) == len(state) == 800


def test_a_foreign_snapshot_is_refused():
    state, _ = run([frame()])
    with pytest.raises(StaleStateError, match="rebuild it from history"):
        Engine({"small": PROFILE}).restore(state.arrays())
    with pytest.raises(StaleStateError, match="isn't loaded"):
        Engine({"twin": _twin()}).restore(state.arrays())


def test_an_empty_batch_is_nothing():
    step = engine().step(PartitionState(), [], [])
    assert (step.summaries, step.events, step.features, step.refused) == ([], [], [], [])


def _twin():
    return msgspec.structs.replace(PROFILE, name="twin")


def test_signals_that_the_profile_does_not_use_are_ignored():
    samples = ((20.0, 70.0, 88.0, 13.5),)
    records = [
        frame(samples=samples, signals=[29, *(int(i) for i in (1, 26, 5))]),
        frame(seq=1, time_ms=START + 1, samples=((20.0,),), signals=[29]),
    ]
    step = run(records)[1][0]
    assert not step.refused
    np.testing.assert_array_equal(step.summaries[0].stats[0, :, 1], [70, 88, 13.5])
    np.testing.assert_array_equal(step.summaries[0].stats[1, :, 0], 0)


def test_broker_times_must_come_with_the_records():
    with pytest.raises(ValueError, match="1 records with 0"):
        engine().step(PartitionState(), [frame()], [])
