"""What comes in is not what one would wish: poison, repeats, disorder, lateness, wrong clocks."""

import time

from tests.faults.lane import Lane
from tests.faults.poison import KINDS, poisoned
from tests.faults.scenario import Scenario
from tests.faults.traffic import late, off_clocks, repeated, shuffled, steady


def poison(ground, size):
    share = 0.01 if size.time > 0.2 else 0.1
    name = f"{len(KINDS)} kinds of poison at {share:.0%}"
    with Lane(ground, name, parcels=poisoned(steady(24), 1, share), per_second=60) as lane:
        lane.warm_up()
        at = lane.fault()
        lane.crew.kill()
        lane.recover(at)
        wanted = 2 * len(KINDS) if share < 0.1 else len(KINDS)
        _wait(lane, lambda: len(lane.load.bad) >= wanted, 240)
        outcome = lane.finish()
        kinds = {key[2] for key in lane.oracle.expected.letters}
        outcome.faults = len(lane.load.bad)
        outcome.notes["reasons"] = len(kinds)
        return [outcome]


def _wait(lane, done, limit_s):
    end = time.monotonic() + limit_s
    while not done():
        if time.monotonic() > end:
            lane.outcome.complaints.append("not enough was sent in time")
            return
        time.sleep(0.1)


def disorder(ground, size):
    """10 % twice, shuffled within an hour, days late (some beyond the window), clocks a day off."""
    calm = steady(24, 3, rounds=8)
    rough = off_clocks(late(calm, 3, days=4.0), 3)
    parcels = repeated(shuffled(rough, 3, vehicles=24), 3, 0.1)
    with Lane(
        ground, "repeated, shuffled, late, clocks off", parcels=parcels, per_second=40
    ) as lane:
        lane.warm_up()
        for _ in range(size.times(3, least=1)):
            at = lane.fault()
            lane.crew.kill()
            lane.recover(at)
            time.sleep(size.seconds(30, least=3))
        outcome = lane.finish()
        for reason in ("duplicate", "stale_sequence"):
            refused = sum(key[2] == reason for key in lane.oracle.expected.letters)
            outcome.notes[reason] = refused
            if not refused:
                outcome.complaints.append(f"nothing was refused as {reason}")
        return [outcome]


SCENARIOS = (Scenario("poison", poison), Scenario("disorder", disorder))
