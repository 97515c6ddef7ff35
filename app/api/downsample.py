"""Many frames to few points."""

import warnings

import numpy as np

from contracts.batches import Doubles, Ints


def downsample(time_ms: Ints, values: Doubles, points: int) -> tuple[Ints, Doubles]:
    """Means of `values` [frames x columns] over at most `points` stretches of equal time.

    `time_ms` rises; a point's time is the mean of its frames'. Stretches without frames are left
    out; a column that a stretch lacks is NaN there.
    """
    if len(time_ms) <= points:
        return time_ms, values
    span = max(1, int(time_ms[-1] - time_ms[0]) + 1)
    stretch = (time_ms - time_ms[0]) * points // span
    starts = np.flatnonzero(np.diff(stretch, prepend=-1))
    counts = np.diff(np.append(starts, len(time_ms)))
    known = np.isfinite(values)
    sums = np.add.reduceat(np.where(known, values, 0.0), starts, axis=0)
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        means = sums / np.add.reduceat(known, starts, axis=0)
    offsets = np.add.reduceat(time_ms - time_ms[0], starts) // counts
    return offsets + time_ms[0], means
