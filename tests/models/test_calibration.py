"""Calibration finds the truth it was simulated from, and never bends the order of rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.calibrate import calibrate
from models.calibration import Calibration
from models.hazard import HazardModel
from models.metrics import expected_over_observed, known_within

ENDS = (7.0, 14.0, 30.0, 60.0, 90.0)
BLOWS = (0.014, 0.014, 0.032, 0.06, 0.06)
INTERCEPT, SLOPE = (-3.5, -3.2, -2.6, -2.2, -2.4), (1.4, 1.2, 1.0, 0.8, 0.7)


def outcomes(truth, margin, rng):
    """Labels of rows with such margins whose hazard in each bin is that of a calibration."""
    label = np.full(len(margin), 5.0, np.float32)
    for place in reversed(range(5)):
        chance = -np.expm1(-truth.hazard(margin)[:, place])
        label[rng.random(len(margin)) < chance] = -(place + 1)
    return label


def drawn(truth, seed, rows=40_000, spread=1.0):
    rng = np.random.default_rng(seed)
    margin = rng.normal(0, spread, rows).astype(np.float32)
    return margin, outcomes(truth, margin, rng)


def test_it_finds_the_hazard_that_made_the_data():
    truth = Calibration(INTERCEPT, SLOPE)
    margin, label = drawn(truth, 3, spread=1.5)
    found = calibrate(margin, label, 5)
    held = np.linspace(-2, 3, 11, dtype=np.float32)
    risk = HazardModel("m", ENDS, found).risk(held, (7, 30, 90))
    wanted = HazardModel("m", ENDS, truth).risk(held, (7, 30, 90))
    assert risk == pytest.approx(wanted, rel=0.12, abs=0.005)


def test_blows_that_nothing_announces_are_told_from_wear():
    truth = Calibration(INTERCEPT, SLOPE, sudden=BLOWS)
    found = calibrate(*drawn(truth, 6, 60_000), 5)
    assert found.sudden == pytest.approx(BLOWS, rel=0.3)
    none = calibrate(*drawn(Calibration(INTERCEPT, SLOPE), 6, 60_000), 5)
    assert sum(none.sudden) < sum(BLOWS) / 5


def test_the_first_bin_has_no_blows_where_everything_is_announced_a_bin_ahead():
    """As with fault codes that come a day before: later bins know nothing, the first one all."""
    truth = Calibration((-9.0, *INTERCEPT[1:]), (3.0, 0.05, 0.05, 0.05, 0.05))
    margin, label = drawn(truth, 9, 60_000, spread=1.5)
    model = HazardModel("m", ENDS, calibrate(margin, label, 5))
    risk, came = model.risk(margin, (7,))[:, 0], known_within(label, 1)
    assert expected_over_observed(came, risk) == pytest.approx(1, abs=0.1)
    low = margin < 1
    assert risk[low].sum() < 1.2 * came[low].sum() + 12


def test_a_step_between_sound_and_failing_is_found():
    step = Calibration((-5.0,) * 5, (1.0,) * 5, (1.0, 1.5), (0.5, 6.0, 0.5))
    margin, label = drawn(step, 7)
    model = HazardModel("m", ENDS, calibrate(margin, label, 5))
    risk = model.risk(margin, (30,))[:, 0]
    truth = HazardModel("m", ENDS, step).risk(margin, (30,))[:, 0]
    for part in np.array_split(np.argsort(margin), 20):
        assert risk[part].mean() == pytest.approx(truth[part].mean(), rel=0.25, abs=0.004)


def test_margins_that_exaggerate_are_brought_back():
    margin, label = drawn(Calibration((-3.0,) * 5, (1.0,) * 5), 4, 20_000)
    model = HazardModel("m", ENDS, calibrate(2.5 * margin, label, 5))
    risk = model.risk(2.5 * margin, (30,))[:, 0]
    came = known_within(label, 3)
    for part in np.array_split(np.argsort(risk), 10):
        assert expected_over_observed(came[part], risk[part]) == pytest.approx(1, abs=0.25)


def test_noise_gets_no_slope_worth_the_name():
    rng = np.random.default_rng(5)
    label = outcomes(Calibration((-3.0,) * 5, (0.0,) * 5), np.zeros(20_000, np.float32), rng)
    margin = rng.normal(0, 1, 20_000).astype(np.float32)
    model = HazardModel("m", ENDS, calibrate(margin, label, 5))
    low, high = model.risk(np.array([-1.5, 1.5], np.float32), (30,))[:, 0]
    assert high / low < 1.5


def test_few_failures_leave_the_line_straight():
    margin, label = drawn(Calibration((-7.0,) * 5, (1.0,) * 5), 8, 2_000)
    found = calibrate(margin, label, 5, weight=0.1)
    assert found.bends == pytest.approx([1.0] * len(found.bends), abs=0.35)
    assert found.slope == pytest.approx([1.0] * 5, abs=0.1)


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
    held = np.sort(rng.normal(middle, 3 * spread, 50).astype(np.float32))
    risk = HazardModel("m", ENDS, found).risk(held, (7, 30, 90, 200))
    assert np.isfinite(risk).all()
    assert (np.diff(risk, axis=0) >= 0).all()
    assert np.isfinite(found.intercept).all()
    assert min(*found.slope, *found.bends) > 0
    assert min(found.sudden) >= 0
