"""Coverage of ranges of risk is 9 in 10 where they are honest, and not where they aren't."""

import numpy as np

from models.evaluation.ranges import Fresh, judge_ranges
from tests.models.test_interval import curves

MODES = 60
ROWS = 3_000


def fleets(seed, worse=1.0):
    """Modes whose risks are 0.7 of the truth on held-out vehicles, and on fresh ones that by
    `worse`; each row is of a vehicle of its own.
    """
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(MODES):
        known = -np.log1p(-rng.beta(0.5, 4, ROWS))
        failed = (rng.random(ROWS) < -np.expm1(-known / 0.7)).astype("f4")
        held_out = curves(-np.expm1(-known).astype("f4"), failed)
        month = -np.log1p(-rng.beta(0.5, 4, ROWS))
        hazard = np.column_stack([0.25 * month, month, 2.5 * month])
        true = -np.expm1(-worse * hazard / 0.7).astype("f4")
        came = (rng.random(true.shape) < true).astype("f4")
        risk = -np.expm1(-hazard).astype("f4")
        found.append(Fresh(np.arange(ROWS), risk, true, came, held_out))
    return found


def test_honest_ranges_hold_the_truth_in_nine_of_ten_cases():
    found = judge_ranges(fleets(5))
    assert list(found) == ["7", "30", "90"]
    for one in found.values():
        assert one.cases > 5 * MODES
        assert 0.88 <= one.coverage <= 0.98
        # The dice of the fresh rows come on top.
        assert one.coverage_came < one.coverage
    assert 0.68 <= found["30"].coverage_came <= 0.88


def test_ranges_of_a_model_that_is_wrong_do_not():
    for one in judge_ranges(fleets(5, worse=1.8)).values():
        assert one.coverage < 0.5


def test_few_vehicles_make_no_case():
    one = fleets(5)[0]
    few = Fresh(one.vehicle % 9, one.risk, one.oracle, one.came, one.curves)
    assert judge_ranges([few]) == {}
