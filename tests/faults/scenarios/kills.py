"""Workers killed -9: at random moments, and at every named point of a batch."""

import random
import time
from functools import partial

from tests.faults.crew import Fresh
from tests.faults.lane import Lane
from tests.faults.points import POINTS
from tests.faults.scenario import Scenario, side_by_side
from tests.faults.traffic import mixed

_LANES = 6
_START_S = 12.0
"""A crash takes at most about so long to get over, so that a kill within it hits a start."""


def random_kills(ground, size):
    total = size.times(200, least=4)
    lanes = min(_LANES, max(2, total // 4))
    shares = [total // lanes + (lane < total % lanes) for lane in range(lanes)]
    name = "worker killed -9 at random"
    works = [partial(_kill, ground, name, share, lane) for lane, share in enumerate(shares)]
    return [side_by_side(name, works)]


def _kill(ground, name, times, number):
    chance = random.Random(number)
    with Lane(ground, name, parcels=mixed(number)) as lane:
        lane.warm_up()
        for _ in range(times):
            time.sleep(chance.uniform(0.0, 2.0))
            at = lane.fault()
            lane.crew.kill()
            if chance.random() < 0.8:
                lane.recover(at)
            else:
                time.sleep(chance.uniform(0.5, _START_S))
        lane.gauge.recover(time.monotonic(), 60)
        return lane.finish()


def named_points(ground, size):
    del size
    rows = []
    name = "worker killed -9 at each named point"
    works = [partial(_at_point, ground, point, 5 + at) for at, point in enumerate(POINTS)]
    rows.append(side_by_side(name, works))
    return rows


def _at_point(ground, point, passes):
    with Lane(ground, point) as lane:
        lane.warm_up()
        lane.crew.prepare(FAULTS_POINT=f"{point}:{passes}:kill")
        lane.crew.kill()
        lane.wait_for(f"trap: {point}")
        at = lane.fault()
        lane.recover(at)
        time.sleep(0.5)
        return lane.finish()


def fresh_processes(ground, size):
    name = "worker killed -9, started anew with all its imports"
    with Lane(ground, name, start=Fresh) as lane:
        lane.warm_up()
        for _ in range(size.times(5, least=1)):
            time.sleep(1.0)
            at = lane.fault()
            lane.crew.kill()
            lane.recover(at)
        return [lane.finish()]


SCENARIOS = (
    Scenario("kills", random_kills),
    Scenario("points", named_points),
    Scenario("fresh", fresh_processes, short=False),
)
