"""The broker killed and away."""

import random
import time

from tests.faults.lane import Lane
from tests.faults.outcome import OUTAGE_LIMIT_S
from tests.faults.scenario import Scenario


def kills(ground, size):
    chance = random.Random(2)
    with Lane(ground, "broker killed -9") as lane:
        lane.outcome.limit_s = OUTAGE_LIMIT_S
        lane.warm_up()
        for _ in range(size.times(10, least=1)):
            time.sleep(chance.uniform(0.2, 2.0))
            lane.fault()
            ground.kill_broker()
            ground.start_broker()
            lane.recover(time.monotonic())
        return [lane.finish()]


def away(ground, size):
    rows = []
    for seconds in {size.seconds(10, least=5), size.seconds(120, least=5)}:
        with Lane(ground, f"broker away {seconds:.0f} s") as lane:
            lane.outcome.limit_s = OUTAGE_LIMIT_S
            lane.warm_up()
            lane.fault()
            ground.backbone.broker.stop()
            time.sleep(seconds)
            ground.start_broker()
            lane.recover(time.monotonic())
            rows.append(lane.finish())
    return rows


SCENARIOS = (
    Scenario("broker-kills", kills, alone=True),
    Scenario("broker-away", away, alone=True, short=False),
)
