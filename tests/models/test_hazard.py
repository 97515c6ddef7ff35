"""One margin a row: the same as one training row per bin, and risks that keep their order."""

import numpy as np
import pytest
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st

from models.calibration import Calibration
from models.hazard import HazardModel, Likelihood, coverage, pooled_log_odds
from models.labels import survived_bins

BASE = (-3.0, -3.1, -2.5, -2.0, -2.2)
ENDS = (7.0, 14.0, 30.0, 60.0, 90.0)
odds = st.floats(-12, 12)
fives = st.tuples(odds, odds, odds, odds, odds)


def some_labels(rng, count):
    return np.where(
        rng.random(count) < 0.3, -rng.integers(1, 6, count), rng.integers(0, 6, count)
    ).astype(np.float32)


def test_derivatives_are_those_of_the_loss():
    rng = np.random.default_rng(1)
    label = np.concatenate([some_labels(rng, 50), [0.4, 2.7]]).astype(np.float32)
    margin = rng.normal(0, 2, len(label)).astype(np.float32)
    likelihood = Likelihood(BASE)
    gradient, second = likelihood.derivatives(margin, label, np.empty(0, np.float32))
    for index in range(len(label)):
        one = label[index : index + 1]

        def loss(value, one=one):
            return likelihood.loss(np.array([value]), one)

        step, at = 1e-4, float(margin[index])
        slope = (loss(at + step) - loss(at - step)) / (2 * step)
        bend = (loss(at + step) - 2 * loss(at) + loss(at - step)) / step**2
        assert gradient[index] == pytest.approx(slope, abs=1e-4)
        assert second[index] == pytest.approx(bend, abs=1e-3)


def test_trees_equal_those_of_one_row_per_bin():
    rng = np.random.default_rng(2)
    x = rng.integers(0, 10, size=(400, 4)).astype(np.float32)
    label = some_labels(rng, 400)
    label[x[:, 0] > 7] = -1
    at_risk, failed = survived_bins(label, 5)
    row, place = np.nonzero(at_risk)
    parameters = {"max_depth": 3, "eta": 0.3, "base_score": 0.5, "min_child_weight": 1}
    expanded = xgb.DMatrix(x[row], failed[row, place])
    expanded.set_base_margin(np.array(BASE)[place])
    wanted = xgb.train({**parameters, "objective": "binary:logistic"}, expanded, 10)
    matrix = xgb.DMatrix(x, label)
    found = xgb.train({**parameters, "base_score": 0.0}, matrix, 10, obj=Likelihood(BASE))
    plain = xgb.DMatrix(x)
    plain.set_base_margin(np.zeros(len(x)))
    expected = wanted.predict(plain, output_margin=True)
    assert found.predict(xgb.DMatrix(x), output_margin=True) == pytest.approx(expected, abs=2e-3)


def test_rows_of_weight_zero_teach_nothing():
    label = np.array([-1, 5, 2], np.float32)
    gradient, second = Likelihood(BASE).derivatives(
        np.zeros(3, np.float32), label, np.array([1, 0, 1], np.float32)
    )
    assert gradient[1] == second[1] == 0
    assert gradient[0] < 0 < gradient[2]


@settings(max_examples=300)
@given(
    fives,
    st.tuples(*[st.floats(0.05, 3)] * 5),
    st.lists(st.tuples(odds, st.floats(0.05, 20)), max_size=7, unique_by=lambda one: one[0]),
    st.tuples(*[st.floats(0, 0.5)] * 5),
    st.lists(odds, min_size=2, max_size=20),
    st.lists(st.floats(0.1, 400), min_size=2, max_size=6),
)
def test_risk_never_falls_with_horizon_or_margin(intercept, slope, bent, sudden, margins, days):
    knots = tuple(sorted(knot for knot, _ in bent))
    bends = (0.5, *(bend for _, bend in bent)) if bent else ()
    model = HazardModel("m", ENDS, Calibration(intercept, slope, knots, bends, sudden))
    margin = np.sort(np.array(margins, np.float32))
    risk = model.risk(margin, sorted(days))
    assert np.isfinite(risk).all()
    assert (risk >= 0).all()
    assert (risk <= 1).all()
    assert (np.diff(risk, axis=1) >= 0).all()
    assert (np.diff(risk, axis=0) >= 0).all()


def test_horizons_share_bins_by_time():
    assert coverage((1.0, 7.0), (1, 4)).tolist() == [[1, 1], [0, 0.5]]
    assert coverage((7.0, 14.0), (28,)).tolist() == [[1], [3]]  # on at the last bin's rate
    model = HazardModel("m", (7.0, 14.0), Calibration((-1.0, 0.5), (1.0, 1.0)))
    hazard = 1 / (1 + np.exp(-np.array([-1.0, 0.5])))
    risk = model.risk(np.zeros(1, np.float32), (7, 14))
    assert risk[0].tolist() == pytest.approx([hazard[0], 1 - (1 - hazard).prod()])


def test_pooled_hazard_counts_what_was_at_risk():
    label = np.array([-1] * 10 + [1] * 20 + [2] * 10 + [0] * 99, np.float32)
    pooled = 1 / (1 + np.exp(-pooled_log_odds(label, 3)))
    assert pooled[0] == pytest.approx(10 / 40, rel=0.05)
    assert pooled[1] < 1e-3
