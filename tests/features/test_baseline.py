"""The own baseline does not depend on the order of arrival: exactly, up to rounding of a sum."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from features.baseline import EMPTY, add, mean

visits = st.lists(st.tuples(st.integers(0, 6), st.integers(-3, 3)), min_size=1, max_size=20)


def collect(order):
    buckets = np.full((1, 2), EMPTY)
    sums = np.zeros((1, 2, 2, 1), np.float32)
    for bucket, value in order:
        terms = np.array([[[1], [value]]], np.float32)
        add(buckets, sums, np.array([bucket]), np.array([True]), terms)
    return buckets, sums


@settings(max_examples=400, deadline=None)
@given(visits, st.randoms(use_true_random=False))
def test_any_order_keeps_the_two_earliest_buckets(order, random):
    buckets, sums = collect(order)
    kept = sorted({bucket for bucket, _ in order})[:2]
    assert buckets[0].tolist() == [*kept, EMPTY][:2]
    wanted = [value for bucket, value in order if bucket in kept]
    np.testing.assert_allclose(mean(sums), [[np.mean(wanted)]], rtol=1e-6)
    random.shuffle(order)
    others, totals = collect(order)
    np.testing.assert_array_equal(buckets, others)
    np.testing.assert_array_equal(sums, totals)


def test_frames_that_do_not_count_change_nothing_and_nothing_is_nan():
    buckets = np.full((1, 2), EMPTY)
    sums = np.zeros((1, 2, 2, 1), np.float32)
    terms = np.ones((1, 2, 1), np.float32)
    add(buckets, sums, np.array([3]), np.array([False]), terms)
    assert (buckets == EMPTY).all()
    assert np.isnan(mean(sums)).all()
