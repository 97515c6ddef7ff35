"""Stops in mid-stream, a worker that hangs, and memory that must not grow."""

import time

from tests.faults import points
from tests.faults.crew import HELD_UP
from tests.faults.lane import Lane
from tests.faults.outcome import OUTAGE_LIMIT_S
from tests.faults.scenario import Scenario
from tests.faults.traffic import mixed

_STALLED_AFTER_S = 10
_STOP_LIMIT_S = 11.0
"""Ten seconds, and one for a machine that does other work."""


def stops(ground, size):
    """A stop under load drains what is under way and saves it: nothing is done again."""
    with Lane(ground, "worker stopped in good order under load", parcels=mixed(14)) as lane:
        lane.warm_up()
        slowest = 0.0
        for _ in range(size.times(10, least=2)):
            time.sleep(1.0)
            at = lane.fault()
            slowest = max(slowest, lane.crew.stop())
            lane.crew.resize(1)
            lane.recover(at)
        outcome = lane.finish()
        outcome.notes["slowest_stop_s"] = round(slowest, 1)
        if slowest > 10:
            outcome.complaints.append(f"a stop took {slowest:.1f} s")
        return [outcome]


def held_stops(ground, size):
    """A stop waits ten seconds at most for a broker or a store that doesn't answer."""
    del size
    name = "worker stopped while broker or store hang"
    with Lane(ground, name, parcels=mixed(17), proxied=True) as lane:
        lane.outcome.limit_s = OUTAGE_LIMIT_S
        lane.warm_up()
        for proxy in (ground.kafka_proxy, ground.store_proxy):
            lane.fault()
            proxy.hold()
            time.sleep(2.0)
            took = lane.crew.stop(60, HELD_UP)
            proxy.heal()
            lane.crew.resize(1)
            lane.recover(time.monotonic())
            if took > _STOP_LIMIT_S:
                lane.outcome.complaints.append(f"a stop took {took:.1f} s")
        return [lane.finish()]


def hangs(ground, size):
    """A batch that never ends: the watchdog ends the worker and says why."""
    del size
    more = {"TELLTALE_WORKER__STALLED_AFTER_S": str(_STALLED_AFTER_S)}
    with Lane(ground, "worker hangs", parcels=mixed(15), **more) as lane:
        lane.outcome.limit_s = _STALLED_AFTER_S + 15
        lane.warm_up()
        lane.crew.prepare(FAULTS_POINT=f"{points.AFTER_FEATURES}:5:hang")
        lane.crew.kill()
        lane.wait_for(f"trap: {points.AFTER_FEATURES}")
        at = lane.fault()
        lane.recover(at)
        told = [text for code, text in lane.crew.fell if code == 75]
        lane.crew.fell = [one for one in lane.crew.fell if one[0] != 75]
        if len(told) != 1 or "a batch made no progress" not in told[0]:
            lane.outcome.complaints.append(f"the worker didn't end itself with a reason: {told}")
        return [lane.finish()]


def soak(ground, size):
    """Load for an hour; memory, file handles and lag of the second half are those of the first."""
    seconds = size.seconds(3_600, least=60)
    name = f"soak of {seconds / 60:.0f} min"
    with Lane(ground, name, parcels=mixed(16), per_second=10) as lane:
        lane.warm_up()
        time.sleep(seconds / 6)
        halves, end = ([], []), time.monotonic() + seconds * 5 / 6
        middle = time.monotonic() + seconds * 5 / 12
        while time.monotonic() < end:
            time.sleep(min(5.0, seconds / 60))
            seen = (lane.crew.rss_mb(), lane.crew.handles(), lane.gauge.lag() or 0)
            halves[time.monotonic() > middle].append(seen)
            lane.digest()
        outcome = lane.finish()
        _judge(outcome, halves)
        return [outcome]


def _judge(outcome, halves):
    allowed = {"rss_mb": 24.0, "handles": 4.0, "lag": 8.0}
    for place, (name, more) in enumerate(allowed.items()):
        first, second = (sorted(one[place] for one in half) for half in halves)
        before, after = (half[len(half) // 2] for half in (first, second))
        outcome.notes |= {f"{name}_first": round(before, 1), f"{name}_second": round(after, 1)}
        if after - before > more:
            outcome.complaints.append(f"{name} grew from {before:.1f} to {after:.1f}")


SCENARIOS = (
    Scenario("stops", stops),
    Scenario("held-stops", held_stops, alone=True, short=False),
    Scenario("hangs", hangs),
    Scenario("soak", soak, short=False),
)
