"""The paired test sees what is there and nothing else."""

import numpy as np
import pytest

from contracts.errors import DataError
from models.compare import Judged, compare


def judged(rng, noise, vehicles=80, rows=40, mode="m"):
    """A vehicle fails or not, all its rows say so; each model sees the truth through some noise."""
    level = np.repeat(rng.normal(-2, 1.5, vehicles), rows)
    came = (np.repeat(rng.random(vehicles), rows) < 1 / (1 + np.exp(-level))).astype(np.float32)
    risks = [
        1 / (1 + np.exp(-(level + np.repeat(rng.normal(0, spread, vehicles), rows))))
        for spread in noise
    ]
    vehicle = np.repeat(np.arange(vehicles), rows)
    return Judged(mode, vehicle, came, *(risk.astype(np.float32) for risk in risks))


def test_a_better_model_is_found_better():
    rng = np.random.default_rng(1)
    found = compare([judged(rng, (2.0, 0.1), mode=mode) for mode in "abc"])
    assert found.verdict == "second"
    assert found.log_loss.second < found.log_loss.first
    assert found.average_precision.second > found.average_precision.first
    assert found.log_loss.chance < 0.05
    assert found.vehicles == 80
    assert found.rows == 3 * 80 * 40


def test_the_order_of_the_two_does_not_matter():
    one = judged(np.random.default_rng(2), (0.1, 2.0), vehicles=240)
    assert compare([one]).verdict == "first"


def test_equal_models_rarely_differ():
    """Rows of a vehicle tell one story: a test by rows would call most of these different."""
    rng = np.random.default_rng(3)
    calls = [compare([judged(rng, (1.0, 1.0))], draws=400).verdict for _ in range(40)]
    assert calls.count("no difference") >= 34


def test_the_same_model_twice_is_no_difference():
    one = judged(np.random.default_rng(4), (0.5, 0.5))
    same = Judged(one.mode, one.vehicle, one.came, one.first, one.first)
    found = compare([same])
    assert found.verdict == "no difference"
    assert found.log_loss.chance == 1.0


def test_without_outcomes_there_is_nothing_to_say():
    one = judged(np.random.default_rng(5), (0.5, 0.5))
    quiet = Judged(one.mode, one.vehicle, np.zeros_like(one.came), one.first, one.second)
    with pytest.raises(DataError, match="30 days"):
        compare([quiet])
    with pytest.raises(DataError, match="30 days"):
        compare([])
