"""The short form of the fault table. Whether it can fail is shown by the mutants among it."""

import pytest

from tests.faults.families import SCENARIOS
from tests.faults.ground import Ground
from tests.faults.size import SHORT

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    with Ground(tmp_path_factory.mktemp("ground")) as found:
        yield found


@pytest.mark.parametrize(
    "scenario", [pytest.param(one, id=one.name) for one in SCENARIOS if one.short]
)
def test_nothing_is_lost_doubled_or_wrong(ground, scenario):
    for outcome in scenario.play(ground, SHORT):
        assert outcome.passed(timed=False), (outcome.name, outcome.verdict(timed=False))
