"""Ranges of risks from the fates of vehicles with one like it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from models.curves import reliability
from models.interval import risk_ranges
from models.record import Factors, ModeCurves


def curves(risk, came, rows_a_failure=1):
    found = reliability(came, risk, rows_a_failure=rows_a_failure)
    told = (found.predicted, found.observed, found.low, found.high, found.events)
    return ModeCurves(*(one.tolist() for one in told), [], [], [], 0, [], 1)


def sample(seed=3, rows=4_000):
    rng = np.random.default_rng(seed)
    risk = rng.beta(0.5, 4, rows)
    return risk.astype(np.float32), (rng.random(rows) < risk).astype(np.float32)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_range_holds_the_risk_and_grows_with_the_horizon(a, b, c):
    risk = sorted((a, b, c))
    found = risk_ranges(curves(*sample()), risk)
    if found is None:
        return
    for (low, high), one in zip(found, risk, strict=True):
        assert 0 <= low <= one + 1e-6
        assert one - 1e-6 <= high <= 1
    lows, highs = zip(*found, strict=True)
    assert list(lows) == sorted(lows)
    assert list(highs) == sorted(highs)


def test_at_thirty_days_it_is_about_the_share_that_failed():
    risk, came = sample()
    like = (risk >= 0.2) & (risk < 0.4)
    predicted = float(risk[like].mean())
    low, high = risk_ranges(curves(risk, came), (0.1, predicted, 0.5))[1]
    share = float(came[like].mean())
    half = 1.645 * np.sqrt(share * (1 - share) / like.sum())
    assert low == pytest.approx(min(share - half, predicted), abs=0.01)
    assert high == pytest.approx(max(share + half, predicted), abs=0.01)


def test_fewer_cases_make_a_wider_range():
    risk, came = sample()
    many = risk_ranges(curves(risk, came), (0.1, 0.3, 0.6))
    few = risk_ranges(curves(risk, came, rows_a_failure=50), (0.1, 0.3, 0.6))
    for (a, b), (c, d) in zip(many, few, strict=True):
        assert d - c > 1.5 * (b - a)


def test_every_horizon_has_factors_of_its_own():
    """A week's risk was half of what came; a month's and a quarter's were right."""
    risk, came = sample()
    bins = curves(risk, came)
    sure = Factors([1.0] * len(bins.predicted), [1.0] * len(bins.predicted))
    week = Factors([1.0] * len(bins.predicted), [2.0] * len(bins.predicted))
    found = risk_ranges(replace(bins, factors={"7": week, "30": sure, "90": sure}), (0.1, 0.3, 0.6))
    assert found[0] == (pytest.approx(0.1), pytest.approx(1 - 0.9**2))
    assert found[1] == (pytest.approx(0.3), pytest.approx(0.3))
    # A week can't be riskier than the month that it begins.
    wild = Factors([1.0] * len(bins.predicted), [9.0] * len(bins.predicted))
    found = risk_ranges(replace(bins, factors={"7": wild, "30": sure, "90": sure}), (0.1, 0.3, 0.6))
    assert found[0] == (pytest.approx(0.1), pytest.approx(0.3))


def test_there_is_none_where_nobody_had_such_a_risk():
    assert risk_ranges(curves(np.array([0.02]), np.array([0.0])), (0.1, 0.3, 0.6)) is None
