"""How old and how used a vehicle and its parts are.

Age is event time since the newest replacement of the part, or since the vehicle's first record;
use is the number of frames since, each standing for the profile's frame period.
"""

from typing import Final

import numpy as np

from contracts.batches import Floats, Ints

NEVER: Final = 0
"""The time of what has not happened (records before the year 2000 are refused)."""
_DAY_MS: Final = 86_400_000.0


def add_use(used: Ints, replaced_ms: Ints, time_ms: Ints) -> None:
    """Count frames at `time_ms` [n] for the parts [n, P] that were in place then."""
    used += time_ms[:, None] >= replaced_ms


def replace(used: Ints, replaced_ms: Ints, part: int, time_ms: int) -> None:
    """A part of one vehicle ([P], [P]) is new since `time_ms`; an older report changes nothing."""
    if time_ms >= replaced_ms[part]:
        replaced_ms[part] = time_ms
        used[part] = 0


def age_days(newest_ms: Ints, since_ms: Ints, first_ms: Ints) -> Floats:
    """Days [n, P] from `since_ms` [n, P], or where that is NEVER from `first_ms` [n], to newest."""
    start = np.where(since_ms == NEVER, first_ms[:, None], since_ms)
    return np.asarray((newest_ms[:, None] - start) / _DAY_MS, np.float32)
