"""What comes in is not what one would wish: poison, repeats, disorder, lateness, wrong clocks."""

import time

from infra.dead_letters import replay_withheld
from tests.faults.lane import Lane
from tests.faults.poison import KINDS, poisoned
from tests.faults.scenario import Scenario
from tests.faults.traffic import Parcel, late, off_clocks, repeated, shuffled, steady

_GROWTH_MB = 64.0


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


def storm(ground, size):
    """Far more poison than a partition may send letters of, and a kill in the middle of it."""
    count = size.times(60_000, least=3_000)
    with Lane(ground, f"storm of {count:,} poisoned messages", parcels=steady(24)) as lane:
        lane.warm_up()
        before = lane.crew.rss_mb()
        lane.load.send(Parcel(0, raw=b"\xc1 storm %d" % number) for number in range(count // 2))
        at = lane.fault()
        lane.crew.kill()
        lane.load.send(Parcel(0, raw=b"\xc1 storm %d" % number) for number in range(count // 2))
        lane.recover(at)
        grown = lane.crew.rss_mb() - before
        outcome = lane.finish()
        _judge_storm(lane, count, grown)
        return [outcome]


def _judge_storm(lane, count, grown):
    """Every poisoned message has a letter, or its offset stands in an account, from where it can
    be replayed byte for byte.
    """
    expected, outcome = lane.oracle.expected, lane.outcome
    held = sum(account.count for account in expected.withheld.values())
    outcome.notes |= {"letters": len(expected.letters), "withheld": held, "grown_mb": round(grown)}
    if not held or held + len(expected.letters) != count:
        outcome.complaints.append(f"{len(expected.letters)} letters and {held} withheld of {count}")
    if grown > _GROWTH_MB:
        outcome.complaints.append(f"memory grew by {grown:.0f} MB")
    done = replay_withheld(lane.settings.broker(), expected.withheld.values())
    # A span may hold the canaries between, where there were too many spans.
    if done.left or done.sent < held:
        outcome.complaints.append(f"a replay sent {done.sent}, {done.left} were gone, of {held}")


SCENARIOS = (
    Scenario("poison", poison),
    Scenario("disorder", disorder),
    Scenario("storm", storm),
)
