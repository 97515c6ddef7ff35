"""Many frames to few points: nothing invented, nothing lost from the mean."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.api.downsample import downsample


@given(
    st.lists(st.integers(0, 10**9), min_size=1, max_size=300),
    st.integers(1, 50),
    st.integers(0, 2**32 - 1),
)
def test_points_are_few_ordered_and_keep_the_sum(times, points, seed):
    at = np.sort(np.array(times, np.int64)) + 1_700_000_000_000
    values = np.random.default_rng(seed).normal(size=(len(at), 2))
    found, means = downsample(at, values, points)
    assert len(found) == len(means) <= max(points, 1)
    assert (np.diff(found) >= 0).all()
    assert at[0] <= found[0]
    assert found[-1] <= at[-1]
    assert (means >= values.min(axis=0) - 1e-9).all()
    assert (means <= values.max(axis=0) + 1e-9).all()


def test_a_stretch_without_the_value_stays_empty():
    times = np.arange(100, dtype=np.int64)
    values = np.arange(100, dtype=float)[:, None]
    values[:50] = np.nan
    _, means = downsample(times, values, 4)
    assert np.isnan(means[:2, 0]).all()
    np.testing.assert_allclose(means[2:, 0], [62, 87])
