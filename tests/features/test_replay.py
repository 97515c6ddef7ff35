"""History through the engine equals the live stream."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.batches import Summaries
from contracts.errors import ModelError
from contracts.records import VehicleEvent
from features import replay as replay_module
from features.expectation import Expectation
from features.profile import builtin_profile
from features.replay import rebuild, replay
from tests.features.logs import (
    DAY,
    EXPECTATION,
    HOUR,
    PROFILE,
    START,
    Log,
    engine,
    event,
    frame,
    logs,
    rows_of,
    run,
    step_rows,
)
from tests.features.test_engine import NAMES, assert_close, literal_row

MANY = settings(max_examples=400, deadline=None)
NOTHING = Summaries(
    "small", [], [], np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 3, 6), np.float32)
)


def history(records, random=None):
    """What the store would return of this log: summaries, events; shuffled on request."""
    step = run(records)[1][0]
    summaries = step.summaries[0] if step.summaries else NOTHING
    order = list(range(len(summaries)))
    events = list(step.events)
    if random:
        random.shuffle(order)
        random.shuffle(events)
    shuffled = Summaries(
        "small",
        [summaries.tenant[i] for i in order],
        [summaries.vehicle_id[i] for i in order],
        summaries.time_ms[order],
        summaries.seq[order],
        summaries.stats[order],
    )
    return shuffled, events


@MANY
@given(logs(most=40), st.randoms(use_true_random=False), st.sampled_from([1, 2, 256]))
def test_replay_gives_the_rows_of_the_stream_to_the_bit(log, random, chunk):
    summaries, events = history(log.records, random)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay_module, "_CHUNK", chunk)
        patch.setattr(replay_module, "_ROWS", 3)
        rows = list(replay(PROFILE, EXPECTATION, summaries, events))
    assert rows_of(rows) == step_rows(run(log.records)[1])


@MANY
@given(logs(), st.integers(0, 24))
def test_a_rebuilt_state_is_the_streams_and_goes_on_from_there(log, cut):
    wanted = run(log.records)[0].profiles["small"]
    state = rebuild(PROFILE, EXPECTATION, *history(log.records[:cut]))
    rebuild(PROFILE, EXPECTATION, *history(log.records[cut:]), state=state)
    found = state.profiles["small"]
    assert found.rows.keys() == wanted.rows.keys()
    mine = [found.rows[key] for key in wanted.rows]
    for name in ("floats", "ints", "windows", "rings"):
        there = getattr(wanted, name)[: len(mine)]
        np.testing.assert_array_equal(getattr(found, name)[mine], there, name)
    again = engine().step(state, log.records, [START + 10_000 * DAY] * len(log.records))
    assert len(again.refused) == len(log.records)


def test_thinned_rows_keep_their_distance():
    records = [frame(i, START + i * 3 * HOUR) for i in range(100)]
    summaries, events = history(records)
    (rows,) = replay(PROFILE, EXPECTATION, summaries, events, min_gap_ms=2 * DAY)
    assert np.diff(rows.time_ms).min() == 2 * DAY
    everything = next(replay(PROFILE, EXPECTATION, summaries, events))
    wanted = everything.values[np.isin(everything.time_ms, rows.time_ms)]
    np.testing.assert_array_equal(rows.values, wanted)


def test_events_alone_make_rows_too():
    events = [event("fault_code", "P0217", START), event("fault_code", "P1", START + DAY)]
    (rows,) = replay(PROFILE, EXPECTATION, NOTHING, events)
    assert list(rows.trigger) == ["fault_code", "fault_code"]
    counts = rows.values[:, [NAMES.index("P0217.count_1d"), NAMES.index("other_codes.count_1d")]]
    np.testing.assert_array_equal(counts, [[1, 0], [0.5, 1]])
    assert list(replay(PROFILE, EXPECTATION, NOTHING, [])) == []


def test_float32_stays_near_the_literal_sums_over_years():
    random = np.random.default_rng(7)
    count = 8_000
    time_ms = START + np.cumsum(random.integers(1, 6 * HOUR, count))
    mean = np.array([60, 88, 13.5]) + random.standard_normal((count, 3)) * [30, 6, 0.5]
    mean[:, 1] += np.linspace(0, 40, count)
    stats = np.stack([mean * 0 + 9, mean, mean * 0, mean - 2, mean + 2, mean], axis=-1)
    names = ["V0001"] * count
    summaries = Summaries(
        "small", ["default"] * count, names, time_ms, np.arange(count), stats.astype(np.float32)
    )
    last = VehicleEvent("default", "small", "V0001", int(time_ms[-1]) + 1, "fault_code", "P0217")
    *_, rows = replay(PROFILE, EXPECTATION, summaries, [last])

    assert_close(rows.values[-1], literal_row("V0001", [summaries], Log([last])))


def test_an_expectation_of_other_signals_is_refused():
    foreign = Expectation.neutral(builtin_profile("truck-diesel"))
    with pytest.raises(ModelError, match="train it again"):
        list(replay(PROFILE, foreign, NOTHING, []))
