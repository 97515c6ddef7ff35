"""The inner loop of a frame's reduction, compiled (features/summary.py)."""

from typing import Final

import numpy as np

from contracts.batches import Floats, Ints
from features.compiled import compiled


def _reduce(samples: Floats, rows: Ints, target: Ints, stats: Floats) -> None:
    """Fill `stats` [frames x signals x 6] of frames [n x samples x k] that have the rows [n] and
    whose signals have the places `target` [k]; what no sample knows is left as it was.

    Samples are added one after the other in single precision, so a frame's statistics depend on it
    alone, to the bit.
    """
    zero, one, huge = np.float32(0.0), np.float32(1.0), np.float32(np.inf)
    for frame in range(len(rows)):
        for signal in range(len(target)):
            count, total, low, high, last = zero, zero, huge, -huge, zero
            for value in samples[frame, :, signal]:
                if value == value:  # noqa: PLR0124 (not NaN)
                    count += one
                    total += value
                    low, high, last = min(low, value), max(high, value), value
            if count == zero:
                continue
            # Rounding must not carry the mean of equal values past them.
            mean = max(low, min(high, total / count))
            spread = zero
            for value in samples[frame, :, signal]:
                if value == value:  # noqa: PLR0124 (not NaN)
                    spread += (value - mean) * (value - mean)
            found = stats[rows[frame], target[signal]]
            found[0], found[1], found[2] = count, mean, np.sqrt(spread / count)
            found[3], found[4], found[5] = low, high, last


reduce_frames: Final = compiled(_reduce)
