"""Decayed moments of signals, relative to the vehicle's newest event time T.

For a half-life h every value x at time t counts `2^(-(T - t)/h)`. Kept are, per signal and
half-life, the sums of the rows named below, with time `u = (t - T)/h <= 0` in half-lives. When T
moves on by d half-lives, `u` becomes `u - d` and every sum decays by `2^-d`; a late value is added
with its own weight and time. Both are exact, so the result does not depend on the order of arrival
beyond rounding (float32, values of order one; see the tests for the tolerance).
"""

from typing import Final

import numpy as np

from contracts.batches import Doubles, Floats, Ints

WEIGHT: Final = 0
VALUE: Final = 1
SQUARE: Final = 2
OVER: Final = 3
TIME: Final = 4
TIME_SQUARE: Final = 5
TIME_VALUE: Final = 6
SUMS: Final = 7
TERMS: Final = 4
"""The first four sums get a frame's own terms: presence, value, square, over the limit."""


def decay(lag_ms: Ints, half_lives_ms: Doubles) -> tuple[Floats, Floats]:
    """`2^-d` and `d` [n, H] of lags [n] >= 0 measured in half-lives [H]."""
    lags = lag_ms[:, None] / half_lives_ms
    return np.exp2(-lags).astype(np.float32), lags.astype(np.float32)


def advance(sums: Floats, factor: Floats, shift: Floats) -> None:
    """Move T on: sums [n, 7, H*K] in place, by `shift` half-lives [n, H] that decay by `factor`."""
    signals = sums.shape[2] // shift.shape[1]
    wide = np.repeat(shift, signals, axis=1)
    buffer = sums[:, TIME] * wide
    sums[:, TIME_SQUARE] -= buffer
    np.multiply(sums[:, WEIGHT], wide, out=buffer)
    sums[:, TIME] -= buffer
    np.multiply(sums[:, TIME], wide, out=buffer)
    sums[:, TIME_SQUARE] -= buffer
    np.multiply(sums[:, VALUE], wide, out=buffer)
    sums[:, TIME_VALUE] -= buffer
    sums *= np.repeat(factor, signals, axis=1)[:, None, :]


def add(sums: Floats, terms: Floats, weight: Floats, lag: Floats) -> None:
    """Add frames' terms [n, 4, K] that are `lag` half-lives [n, H] old and count `weight`."""
    parts = sums.reshape(len(sums), SUMS, lag.shape[1], -1)
    if not lag.any():
        parts[:, :TERMS] += terms[:, :, None, :]
        return
    late = terms[:, :, None, :] * weight[:, None, :, None]
    parts[:, :TERMS] += late
    when = -lag[:, :, None]
    parts[:, TIME] += late[:, WEIGHT] * when
    parts[:, TIME_SQUARE] += late[:, WEIGHT] * when * when
    parts[:, TIME_VALUE] += late[:, VALUE] * when
