"""The short form of the fault table. Whether it can fail is shown by the mutants among it."""

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Thread

import pytest

from tests.faults.families import SCENARIOS
from tests.faults.ground import Ground
from tests.faults.size import SHORT

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
_ALONE = [one for one in SCENARIOS if one.short and one.alone]
_TOGETHER = [one for one in SCENARIOS if one.short and not one.alone]
_AT_ONCE = 2
"""Scenarios that share the ground: they wait more than they compute."""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What becomes of every scenario, by name, as it comes."""
    found = {one.name: Future() for one in (*_ALONE, *_TOGETHER)}
    with Ground(tmp_path_factory.mktemp("ground")) as ground:

        def play(scenario):
            found[scenario.name].set_result(scenario.play(ground, SHORT))

        def play_all():
            for scenario in _ALONE:
                play(scenario)
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                pool.map(play, _TOGETHER)

        director = Thread(target=play_all, name="scenarios")
        director.start()
        yield found
        director.join()


@pytest.mark.parametrize("name", [one.name for one in (*_ALONE, *_TOGETHER)])
def test_nothing_is_lost_doubled_or_wrong(outcomes, name):
    for outcome in outcomes[name].result():
        assert outcome.passed(timed=False), (outcome.name, outcome.verdict(timed=False))
