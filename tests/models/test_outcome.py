"""What came of a row counts only once its whole span is over."""

import numpy as np

from models.metrics import known_within
from models.outcome import came_within
from tests.models.fleet import DAY, PROFILE, UNTIL

SPAN = PROFILE.hazard_bins_ms[1]


def test_near_the_end_neither_failures_nor_survivals_count():
    time_ms = UNTIL - np.array([3 * SPAN, SPAN, SPAN - 1, DAY])
    failed = np.full(4, -1, np.float32)
    assert known_within(failed, 2).tolist() == [1, 1, 1, 1]
    came = came_within(PROFILE, failed, 2, time_ms, UNTIL)
    assert came[:2].tolist() == [1, 1]
    assert np.isnan(came[2:]).all()
    survived = np.full(4, 5, np.float32)
    assert came_within(PROFILE, survived, 2, time_ms, UNTIL)[:2].tolist() == [0, 0]
    assert np.isnan(came_within(PROFILE, survived, 2, time_ms, UNTIL)[2:]).all()


def test_honest_risk_is_called_honest_in_a_short_history():
    """With a constant hazard, counting known failures of unfinished spans would ask for more."""
    rng = np.random.default_rng(1)
    rate, days, n = 1 / 200, 60, 40_000
    start = rng.uniform(0, days, n)
    fails = start + rng.exponential(1 / rate, n)
    time_ms = UNTIL - ((days - start) * DAY).astype(np.int64)
    ends = np.array(PROFILE.hazard_bins_ms[:3]) / DAY
    label = np.zeros(n, np.float32)
    for at, end in reversed(list(enumerate(ends))):
        whole = start + end <= days
        label[whole & (fails - start <= end)] = -(at + 1)
        label[whole & (fails - start > end) & (label >= 0)] = np.maximum(
            label[whole & (fails - start > end) & (label >= 0)], at + 1
        )
    risk = 1 - np.exp(-rate * ends[-1])
    came = came_within(PROFILE, label, 3, time_ms, UNTIL)
    naive = known_within(label, 3)
    assert abs(np.nanmean(came) - risk) < 0.01
    assert np.nanmean(naive) > risk + 0.03
