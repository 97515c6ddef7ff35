"""What came of a row within some days, where all of these days are over."""

import numpy as np

from contracts.batches import Floats, Ints
from features.profile import Profile
from models.metrics import known_within


def came_within(profile: Profile, label: Floats, bins: int, time_ms: Ints, until_ms: int) -> Floats:
    """1 where the mode failed in the first `bins` bins, 0 where it surely didn't, else NaN [rows].

    A label of a row near the end knows its near bins; over all of them that would count failures
    whose survivals can't be known yet. So rows count only when their whole span is over at
    `until_ms`.
    """
    over = time_ms + profile.hazard_bins_ms[bins - 1] <= until_ms
    return np.where(over, known_within(label, bins), np.nan).astype(np.float32)
