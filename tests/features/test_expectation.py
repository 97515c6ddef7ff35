"""Residuals: a planted polynomial is found, gaps and ranges are handled."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import ModelError
from features.expectation import Expectation, fit_expectation
from features.profile import builtin_profile
from tests.features.logs import EXPECTATION, PROFILE

TRUCK = builtin_profile("truck-diesel")


def planted(count=4_000, seed=1):
    """Means of the small profile: coolant follows speed by a parabola, the battery a line."""
    random = np.random.default_rng(seed)
    speed = random.uniform(20, 120, count)
    z = (speed - 70) / 50
    coolant = 88 + 4 * z + 3 * z * z + 0.5 * random.standard_normal(count)
    battery = 13.5 - 0.3 * z + 0.02 * random.standard_normal(count)
    return np.stack([speed, coolant, battery], axis=1).astype(np.float32), z


def test_a_planted_polynomial_is_found():
    means, z = planted()
    found = fit_expectation(PROFILE, means)
    expected = found.expected(means)
    np.testing.assert_allclose(expected[:, 1], 88 + 4 * z + 3 * z * z, atol=0.1)
    np.testing.assert_allclose(expected[:, 2], 13.5 - 0.3 * z, atol=0.01)
    np.testing.assert_allclose(found.band, [30, 0.5, 0.02], rtol=0.1)
    fresh = found.residuals(planted(seed=2)[0])
    np.testing.assert_allclose(fresh[:, 1:].std(axis=0), 1, rtol=0.05)
    np.testing.assert_allclose(fresh[:, 0], (planted(seed=2)[0][:, 0] - 60) / 30, rtol=1e-6)


def test_outliers_do_not_bend_it():
    means, z = planted()
    means[:40, 1] = 170
    expected = fit_expectation(PROFILE, means).expected(means)
    np.testing.assert_allclose(expected[40:, 1], (88 + 4 * z + 3 * z * z)[40:], atol=0.2)


def test_beyond_the_fitted_range_the_edge_counts():
    found = fit_expectation(PROFILE, planted()[0])
    edge, far = found.expected(np.array([[120, 88, 13], [350, 88, 13]], np.float32))
    np.testing.assert_allclose(edge, far, atol=0.1)


def test_a_missing_operating_signal_counts_as_its_mean():
    found = fit_expectation(PROFILE, planted()[0])
    missing = np.array([[np.nan, 90, np.nan]], np.float32)
    typical = np.array([[found.inputs[0, 0], 90, 13]], np.float32)
    np.testing.assert_allclose(found.expected(missing), found.expected(typical), rtol=1e-6)
    assert np.isnan(found.residuals(missing)).tolist() == [[True, False, True]]


def test_too_few_rows_leave_a_signal_neutral():
    means, _ = planted()
    means[40:, 1] = np.nan
    found = fit_expectation(PROFILE, means)
    assert found.sd[1] == 1
    assert not found.coefficients[:, 1].any()
    empty = fit_expectation(PROFILE, means[:0])
    np.testing.assert_array_equal(empty.residuals(means[:9]), _neutral().residuals(means[:9]))


def test_a_constant_signal_keeps_a_finite_residual():
    means, _ = planted()
    means[:, 2] = 13.1
    found = fit_expectation(PROFILE, means)
    assert np.abs(found.residuals(means)[:, 2]).max() < 0.1


def test_neutral_is_centre_and_scale():
    means, _ = planted()
    wanted = (means - [60, 88, 13.5]) / [30, 6, 0.5]
    np.testing.assert_allclose(_neutral().residuals(means), wanted, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(_neutral().expected(means), np.float32([[60, 88, 13.5]] * 4_000))


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(0, 40))
def test_a_rows_residual_depends_on_it_alone(seed, count, start):
    random = np.random.default_rng(seed)
    means = random.uniform(0, 120, (3_000, 3)).astype(np.float32)
    rows = slice(start, start + count)
    found = EXPECTATION.residuals(means)[rows]
    np.testing.assert_array_equal(found, EXPECTATION.residuals(means[rows]))


def test_bytes_bring_it_back_and_name_it():
    found = fit_expectation(PROFILE, planted()[0])
    again = Expectation.from_bytes(found.to_bytes())
    assert again.id == found.id
    assert len(found.id) == 12
    means = planted(seed=3)[0]
    np.testing.assert_array_equal(again.residuals(means), found.residuals(means))
    assert fit_expectation(PROFILE, planted(seed=4)[0]).id != found.id
    truck = Expectation.neutral(TRUCK)
    assert Expectation.from_bytes(truck.to_bytes()).id == truck.id


@pytest.mark.parametrize("payload", [b"", b"\xc1", b"\x95", EXPECTATION.to_bytes()[:-4]])
def test_damaged_bytes_are_named(payload):
    with pytest.raises(ModelError, match="train it again"):
        Expectation.from_bytes(payload)


def _neutral():
    return Expectation.neutral(PROFILE)
