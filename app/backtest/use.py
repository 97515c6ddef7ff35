"""How long vehicles were in use, from the frames that they sent."""

from collections.abc import Sequence

import numpy as np

from contracts.batches import Ints


def hours_of_use(vehicle: Sequence[str], time_ms: Ints, period_ms: int) -> float:
    """Hours that frames [n] stand for: each the profile's period, or what usually lies between two
    frames of its vehicle (the median) where that is less.
    """
    _, seat, counts = np.unique(list(vehicle), return_inverse=True, return_counts=True)
    gaps = np.diff(time_ms[np.lexsort((time_ms, seat))])
    first = np.cumsum(counts) - counts
    usual = [
        float(np.median(gaps[start : start + count - 1])) if count > 1 else period_ms
        for start, count in zip(first.tolist(), counts.tolist(), strict=True)
    ]
    return float(np.minimum(usual, period_ms) @ counts) / 3_600_000
