"""Two models judged on history that came after both."""

from dataclasses import replace

import numpy as np
import pytest

from models.compare import compare
from models.judging import judge
from models.table import Scope
from models.training import train
from tests.models.fleet import DAY, PROFILE, QUICK, START, UNTIL, blind, history

MIDDLE = START + 120 * DAY
LATER = Scope("default", MIDDLE, UNTIL)


@pytest.fixture(scope="module")
def fleet():
    return history(40)


@pytest.fixture(scope="module")
def bundle(fleet):
    return train(fleet, PROFILE, replace(QUICK, until_ms=MIDDLE))[0]


def test_rows_are_later_than_training_and_outcomes_are_known(fleet, bundle):
    judged = judge(fleet, PROFILE, (bundle, bundle), LATER)
    assert [one.mode for one in judged] == ["overheating", "flat_battery"]
    for one in judged:
        assert (one.first == one.second).all()
        assert set(np.unique(one.came)) == {0.0, 1.0}
        assert len(one.came) > 1_000


def test_a_model_that_looks_beats_one_that_does_not(fleet, bundle):
    found = compare(judge(fleet, PROFILE, (blind(bundle), bundle), LATER))
    assert found.verdict == "second"
    assert found.average_precision.low > 0


def test_models_of_different_expectations_meet_on_the_rows_that_both_scored(fleet, bundle):
    other, _ = train(fleet, PROFILE, replace(QUICK, until_ms=MIDDLE - 20 * DAY))
    assert other.expectation.id != bundle.expectation.id
    judged = judge(fleet, PROFILE, (bundle, other), LATER)
    assert min(len(one.came) for one in judged) > 1_000
    assert compare(judged, draws=200).vehicles == 40
