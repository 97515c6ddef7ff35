"""Intervals hold what they promise for units never seen, however rows cluster by unit."""

import msgspec
import numpy as np
import pytest

from models.conformal import Intervals, coverage, fit_intervals

WIDE = (-1e9, 1e9)


def fleet(units, seed, rows=(1, 60)):
    """Predictions whose error grows with the value and has a part that all rows of a unit share."""
    random = np.random.default_rng(seed)
    count = random.integers(*rows, units)
    unit = np.repeat(np.arange(units), count)
    actual = random.uniform(0, 100, len(unit))
    own = random.standard_normal(units)[unit]
    error = (0.8 * own + 0.6 * random.standard_normal(len(unit))) * (1 + actual / 10)
    return (actual + error).astype(np.float32), actual.astype(np.float32), unit


def held(intervals, predicted, actual, unit, level):
    """Coverage where each unit counts once."""
    bounds = intervals.bounds(predicted, level)
    within = (bounds[:, 0] <= actual) & (actual <= bounds[:, 1])
    return np.mean([within[unit == u].mean() for u in np.unique(unit)])


@pytest.mark.parametrize("level", [0.8, 0.9])
def test_fresh_units_are_covered_as_promised(level):
    found = [
        held(fit_intervals(*fleet(200, seed), WIDE), *fleet(400, 1_000 + seed), level)
        for seed in range(20)
    ]
    assert np.mean(found) == pytest.approx(level, abs=0.015)


def test_every_bin_of_the_predicted_value_is_covered():
    intervals = fit_intervals(*fleet(2_000, 1), WIDE)
    predicted, actual, _ = fleet(2_000, 2)
    widths = []
    for place in range(len(intervals.edges) + 1):
        rows = np.searchsorted(intervals.edges, predicted, side="right") == place
        bounds = intervals.bounds(predicted[rows], 0.9)
        share, width = coverage(bounds, actual[rows])
        assert share == pytest.approx(0.9, abs=0.03)
        widths.append(width)
    assert widths[0] < widths[-2] / 2


def test_a_unit_with_many_rows_does_not_speak_for_all():
    predicted, actual, unit = fleet(100, 3, rows=(4, 5))
    loud = np.full(20_000, 50, np.float32)
    shy = fit_intervals(predicted, actual, unit, WIDE).bounds(predicted, 0.9)
    found = fit_intervals(
        np.concatenate([predicted, loud]),
        np.concatenate([actual, loud]),
        np.concatenate([unit, np.full(loud.size, 100)]),
        WIDE,
    ).bounds(predicted, 0.9)
    assert coverage(found, actual)[1] == pytest.approx(coverage(shy, actual)[1], rel=0.15)


def test_few_units_give_one_bin_and_its_widest_residual():
    predicted = np.zeros(5, np.float32)
    actual = np.array([-3, -1, 0, 1, 2], np.float32)
    intervals = fit_intervals(predicted, actual, np.arange(5), WIDE)
    assert intervals.edges == []
    np.testing.assert_array_equal(intervals.bounds(predicted[:1], 0.9), [[-3, 2]])


def test_bounds_hold_the_value_and_end_where_values_end():
    predicted, actual, unit = fleet(100, 4)
    intervals = fit_intervals(predicted, actual + 40, unit, (0, 100))
    bounds = intervals.bounds(np.clip(predicted, 0, 100), 0.9)
    assert bounds.min() >= 0
    assert bounds.max() <= 100
    assert (bounds[:, 0] <= np.clip(predicted, 0, 100)).all()
    again = msgspec.json.decode(msgspec.json.encode(intervals), type=Intervals)
    np.testing.assert_array_equal(again.bounds(predicted, 0.8), intervals.bounds(predicted, 0.8))
