"""Calibration finds the truth it was simulated from, and never bends the order of rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.calibration import calibrate
from models.hazard import HazardModel
from models.metrics import expected_over_observed, known_within

ENDS = (7.0, 14.0, 30.0, 60.0, 90.0)


def outcomes(margin, intercept, slope, rng):
    """Labels of rows whose hazard in each bin is sigmoid(intercept + slope x margin)."""
    label = np.full(len(margin), 5.0, np.float32)
    for place in reversed(range(5)):
        hazard = 1 / (1 + np.exp(-(intercept[place] + slope[place] * margin)))
        failed = rng.random(len(margin)) < hazard
        label[failed] = -(place + 1)
    return label


def test_it_finds_the_hazard_that_made_the_data():
    rng = np.random.default_rng(3)
    margin = rng.normal(0, 1.5, 40_000)
    intercept, slope = (-3.5, -3.2, -2.6, -2.2, -2.4), (1.4, 1.2, 1.0, 0.8, 0.7)
    found = calibrate(margin.astype(np.float32), outcomes(margin, intercept, slope, rng), 5)
    assert found.intercept == pytest.approx(intercept, abs=0.12)
    assert found.slope == pytest.approx(slope, abs=0.12)


def test_margins_that_exaggerate_are_brought_back():
    rng = np.random.default_rng(4)
    margin = rng.normal(0, 1, 20_000)
    label = outcomes(margin, (-3.0,) * 5, (1.0,) * 5, rng)
    found = calibrate((2.5 * margin).astype(np.float32), label, 5)
    model = HazardModel("m", ENDS, found.intercept, found.slope)
    risk = model.risk((2.5 * margin).astype(np.float32), (30,))[:, 0]
    came = known_within(label, 3)
    for part in np.array_split(np.argsort(risk), 10):
        assert expected_over_observed(came[part], risk[part]) == pytest.approx(1, abs=0.25)


def test_noise_gets_no_slope_worth_the_name():
    rng = np.random.default_rng(5)
    label = outcomes(np.zeros(20_000), (-3.0,) * 5, (0.0,) * 5, rng)
    found = calibrate(rng.normal(0, 1, 20_000).astype(np.float32), label, 5)
    assert max(found.slope) < 0.15


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 1 << 30),
    st.floats(-3, 3),
    st.floats(0.01, 5),
    st.integers(1, 200),
    st.floats(0.01, 1),
)
def test_it_is_finite_and_monotone_whatever_the_data(seed, middle, spread, rows, weight):
    rng = np.random.default_rng(seed)
    margin = rng.normal(middle, spread, rows).astype(np.float32)
    label = np.where(
        rng.random(rows) < rng.random(), -rng.integers(1, 6, rows), rng.uniform(0, 5, rows)
    ).astype(np.float32)
    found = calibrate(margin, label, 5, weight)
    assert np.isfinite(found.intercept).all()
    assert min(found.slope) > 0
