"""Frames reduced together equal frames reduced alone, and plain numpy."""

import warnings

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.batches import STATISTICS
from features.summary import Reducer, summarise
from tests.features.logs import IDS, PROFILE, START, frame


@st.composite
def mixed_frames(draw):
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    frames = []
    for seq in range(draw(st.integers(1, 12))):
        signals = list(random.permutation(IDS)[: random.integers(1, 4)])
        count = int(random.choice([1, 2, 9, 30]))
        values = random.uniform(0, 60, (count, len(signals))).astype(np.float32)
        if random.random() < 0.3:
            values[random.random(values.shape) < 0.5] = np.nan
            values[0, 0] = 7.25
        frames.append(frame(seq, START + seq, values, signals=signals))
    return frames


def plain(one):
    """Statistics of one frame by numpy's own functions, float64."""
    stats = np.full((3, len(STATISTICS)), np.nan)
    stats[:, 0] = 0
    ids = np.frombuffer(one.signals, "<u2")
    values = np.frombuffer(one.samples, "<f4").reshape(-1, len(ids)).astype(float)
    for column, id_ in enumerate(ids):
        x = values[~np.isnan(values[:, column]), column]
        if x.size:
            row = [x.size, x.mean(), x.std(), x.min(), x.max(), x[-1]]
            stats[IDS.index(int(id_))] = row
    return stats


@settings(max_examples=400, deadline=None)
@given(mixed_frames())
def test_a_frames_statistics_depend_on_it_alone(frames):
    together, refused = Reducer(PROFILE).reduce(frames)
    assert not refused
    for one, stats in zip(frames, together, strict=True):
        np.testing.assert_array_equal(Reducer(PROFILE).reduce([one])[0][0], stats)
        np.testing.assert_allclose(stats, plain(one), rtol=1e-5, atol=1e-4)


def test_a_constant_signal_has_no_spread_and_its_own_mean():
    values = np.full((30, 3), 0.1, np.float32) * [1000, 700, 133]
    stats, _ = Reducer(PROFILE).reduce([frame(samples=values)])
    np.testing.assert_array_equal(stats[0, :, 2], 0)
    np.testing.assert_array_equal(stats[0, :, 1], values[0].astype(np.float32))


def test_summarise_leaves_refused_frames_out():
    frames = [frame(0), frame(1, samples=((np.inf, 1, 1),)), frame(2, samples=((999, 1, 1),))]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        summaries, kept, refused = summarise(PROFILE, [*frames, frame(3)])
    assert kept.tolist() == [0, 3]
    assert summaries.seq.tolist() == [0, 3]
    assert {refusal.index for refusal in refused} == {1, 2}


def test_more_frames_than_are_copied_at_once_are_reduced_in_parts():
    values = np.random.default_rng(0).uniform(20, 50, (2_000, 60, 3)).astype(np.float32)
    stats, _ = Reducer(PROFILE).reduce([frame(i, samples=v) for i, v in enumerate(values)])
    np.testing.assert_allclose(stats[:, :, 1], values.mean(axis=1), rtol=1e-5)
    np.testing.assert_array_equal(stats[:, :, 5], values[:, -1])


def test_endless_lists_of_signals_do_not_fill_the_memory():
    reducer = Reducer(PROFILE)
    ids = np.arange(3_000, 6_000)
    assert len(reducer.reduce([frame(signals=[i, 1, 5]) for i in ids])[1]) == 3_000
    assert len(reducer._lists) <= 1_024
