"""Workers that come and go, stand still, and two that believe a partition to be theirs."""

import random
import signal
import time
from functools import partial

from tests.faults import points
from tests.faults.lane import Lane
from tests.faults.scenario import Scenario, side_by_side
from tests.faults.traffic import mixed

_SESSION_S = 10.0
_FILL_A_SECOND = 300.0
"""Parcels, more than a worker takes."""


def churn(ground, size):
    """One joins or leaves every so often; now and then one is killed as well."""
    chance = random.Random(5)
    pause = size.seconds(20, least=5)
    name = f"workers joining and leaving every {pause:.0f} s"
    with Lane(ground, name, parcels=mixed(5)) as lane:
        lane.warm_up()
        for turn in range(size.times(30, least=3)):
            lane.fault()
            lane.crew.resize((2, 3, 2, 1, 2, 1)[turn % 6])
            if turn % 5 == 4:
                lane.crew.kill(chance.choice(lane.crew.members))
            time.sleep(pause)
        lane.gauge.recover(time.monotonic(), 60)
        return [lane.finish()]


def backlog(ground, size):
    """A topic filled beforehand and workers that join while it is drained, each of which takes
    partitions from others whose inboxes are full.
    """
    with Lane(
        ground,
        "workers joining over a backlog",
        size=0,
        parcels=mixed(8),
        per_second=_FILL_A_SECOND,
        TELLTALE_WORKER__BATCH_MESSAGES="8",
    ) as lane:
        time.sleep(size.seconds(60, least=6))
        lane.load.slow_down(8.0)
        for turn in range(size.times(12, least=3)):
            lane.fault()
            lane.crew.resize((1, 2, 4, 3, 2, 4)[turn % 6])
            time.sleep(size.seconds(8, least=4))
        lane.gauge.recover(time.monotonic(), 120)
        return [lane.finish()]


def standstill(ground, size):
    """SIGSTOP for longer than the session: the other one takes over, then the first comes back."""
    seconds = size.seconds(90, least=14)
    with Lane(
        ground, f"worker stopped {seconds:.0f} s by SIGSTOP", size=2, parcels=mixed(6)
    ) as lane:
        lane.wait_for("worker is running", times=2)
        time.sleep(3.0)
        lane.warm_up()
        for _ in range(size.times(3, least=1)):
            at = lane.fault()
            frozen = lane.crew.kill(number=signal.SIGSTOP)
            lane.recover(at)
            time.sleep(max(0.0, seconds - (time.monotonic() - at)))
            woken = time.monotonic()
            lane.crew.kill(frozen, signal.SIGCONT)
            lane.recover(woken)
        return [lane.finish()]


def zombies(ground, size):
    """A worker freezes in the middle of a batch; another takes its partitions and goes on; then
    the first wakes, finishes its batch and tries to save and commit.
    """
    del size
    frozen_at = (points.AFTER_FEATURES, points.AFTER_STORE, points.DURING_SNAPSHOT)
    name = "two workers claim one partition"
    return [side_by_side(name, [partial(_zombie, ground, point) for point in frozen_at])]


def _zombie(ground, point):
    with Lane(ground, point, parcels=mixed(7)) as lane:
        lane.warm_up()
        lane.crew.prepare(FAULTS_POINT=f"{point}:6:freeze")
        lane.crew.kill()
        lane.wait_for(f"trap: {point}")
        frozen = lane.crew.members[0]
        at = lane.fault()
        lane.crew.resize(2)
        lane.recover(at)
        time.sleep(2.0)
        lane.crew.kill(frozen, signal.SIGCONT)
        time.sleep(_SESSION_S / 2)
        lane.gauge.recover(time.monotonic(), 60)
        return lane.finish()


SCENARIOS = (
    Scenario("churn", churn),
    Scenario("backlog", backlog, short=False),
    Scenario("standstill", standstill, short=False),
    Scenario("zombies", zombies),
)
