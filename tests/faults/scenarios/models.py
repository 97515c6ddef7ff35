"""The champion swapped and damaged under load."""

import time

from tests.faults.lane import Lane
from tests.faults.scenario import Scenario

_DAMAGED = ("broken-1", "", "\x00\x01\x02", "weighted", "weighted-x")
"""What a champion's file may hold that is no model."""


def swaps(ground, size):
    """Every other champion is damaged: the one before stays in use, no row goes missing."""
    times = size.times(100, least=8)
    with Lane(ground, "model swapped or damaged", FAULTS_POLL_S="0.1", per_second=16) as lane:
        lane.warm_up()
        for turn in range(times):
            lane.fault()
            if turn % 2:
                lane.put_champion(_DAMAGED[turn // 2 % len(_DAMAGED)])
            else:
                lane.champions.add(f"weighted-{turn + 2}")
                lane.put_champion(f"weighted-{turn + 2}")
            time.sleep(0.4)
        outcome = lane.finish()
        used = {model for _, model, _ in lane.found.risk}
        outcome.notes["models_used"] = len(used)
        if len(used) < 3:
            outcome.complaints.append(f"only {len(used)} models scored")
        return [outcome]


SCENARIOS = (Scenario("models", swaps),)
