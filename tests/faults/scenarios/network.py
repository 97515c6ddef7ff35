"""The network between worker and broker, and between worker and store, cut and held."""

import time

from tests.faults.lane import Lane
from tests.faults.outcome import OUTAGE_LIMIT_S
from tests.faults.scenario import Scenario
from tests.faults.traffic import mixed

_SESSION_S = 12.0
"""Longer than a member of the group may be silent."""


def cuts(ground, size):
    """Connections reset and refused, and connections on which nothing passes any more."""
    seconds = size.seconds(30, least=_SESSION_S)
    rows = []
    for what, proxy in (("broker", ground.kafka_proxy), ("store", ground.store_proxy)):
        name = f"network to the {what} cut, held, each {seconds:.0f} s"
        with Lane(ground, name, parcels=mixed(12), proxied=True) as lane:
            lane.outcome.limit_s = OUTAGE_LIMIT_S
            lane.warm_up()
            for harm in (proxy.cut, proxy.hold):
                lane.fault()
                harm()
                time.sleep(seconds)
                proxy.heal()
                lane.recover(time.monotonic())
            rows.append(lane.finish())
    return rows


def flaps(ground, size):
    """Both connections break again and again, in the middle of whatever passes."""
    with Lane(ground, "network breaks every second", parcels=mixed(13), proxied=True) as lane:
        lane.outcome.limit_s = OUTAGE_LIMIT_S
        lane.warm_up()
        for turn in range(size.times(60, least=6)):
            lane.fault()
            proxy = (ground.store_proxy, ground.kafka_proxy)[turn % 2]
            proxy.cut()
            proxy.heal()
            time.sleep(1.0)
        lane.recover(time.monotonic())
        return [lane.finish()]


SCENARIOS = (
    Scenario("network", cuts, alone=True, short=False),
    Scenario("flaps", flaps, alone=True),
)
