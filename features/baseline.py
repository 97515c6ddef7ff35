"""A vehicle's own baseline: what its signals were when it was new, or since the last reset.

Time is cut into absolute buckets of `profile.baseline`; the baseline is the mean over the two
earliest buckets that hold a frame. This is exactly order-free: of the buckets seen so far the two
earliest are kept; one is dropped only when two earlier ones exist, and those never go away, so it
can't come back; and a bucket that is among the two earliest at the end was so from its first
frame on, hence holds all its frames. A reset at time R forgets everything; of the frames that
follow it in the log only those at or after R count.
"""

from typing import Final

import numpy as np

from contracts.batches import Floats, Ints

EMPTY: Final = 1 << 62
"""Number of a bucket that holds nothing yet."""


def add(buckets: Ints, sums: Floats, bucket: Ints, allowed: np.ndarray, terms: Floats) -> None:
    """Add frames' presence and value `terms` [n, 2, K] to `sums` [n, 2 buckets, 2, K] in place.

    `buckets` [n, 2] are the numbers of the kept ones, `bucket` [n] the frames' own, `allowed` [n]
    whether a frame counts at all.
    """
    rows = np.flatnonzero(allowed & (bucket <= buckets[:, 1]))
    if not rows.size:
        return
    number = bucket[rows]
    first, second = buckets[rows, 0], buckets[rows, 1]
    earliest = rows[number < first]
    sums[earliest, 1] = sums[earliest, 0]
    buckets[earliest, 1] = buckets[earliest, 0]
    sums[earliest, 0] = 0.0
    buckets[earliest, 0] = bucket[earliest]
    between = rows[(number > first) & (number < second)]
    sums[between, 1] = 0.0
    buckets[between, 1] = bucket[between]
    slot = (number != buckets[rows, 0]).astype(np.int64)
    sums[rows, slot] += terms[rows]


def mean(sums: Floats) -> Floats:
    """The baseline [n, K]; NaN where nothing was seen."""
    total = sums[:, 0] + sums[:, 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total[:, 1] / total[:, 0], np.float32)
