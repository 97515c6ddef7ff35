"""The store killed, away, slow and without room on its disk."""

import random
import time

from infra.store import ClickHouseStore
from tests.faults.lane import Lane
from tests.faults.outcome import OUTAGE_LIMIT_S
from tests.faults.scenario import Scenario

_BACKLOG = 64 * 1024 * 1024
"""What is produced while the store is away: far more than a worker may hold."""
_PARCEL = 7_500
_GROWTH_MB = 96.0
"""What a worker may hold: 24 MB of waiting payloads, twice over as records, and fetched ones."""


def kills(ground, size):
    chance = random.Random(1)
    with Lane(ground, "store killed -9") as lane:
        lane.outcome.limit_s = OUTAGE_LIMIT_S
        lane.warm_up()
        for _ in range(size.times(50, least=2)):
            time.sleep(chance.uniform(0.2, 1.5))
            lane.fault()
            ground.kill_store()
            ground.start_store()
            lane.recover(time.monotonic())
        return [lane.finish()]


def away(ground, size):
    """Stopped while more arrives than a worker could hold."""
    seconds = size.seconds(600, least=8)
    rate = min(200.0, max(20.0, _BACKLOG / seconds / _PARCEL))
    name = f"store stopped {seconds:.0f} s under load"
    with Lane(ground, name, per_second=rate) as lane:
        lane.outcome.limit_s = OUTAGE_LIMIT_S
        lane.warm_up()
        before = lane.crew.rss_mb()
        lane.fault()
        ground.backbone.store.stop()
        seen = _watch_memory(lane, seconds)
        ground.start_store()
        lane.recover(time.monotonic(), 180)
        growth = max(seen) - before
        lane.outcome.notes |= {
            "rss_before_mb": round(before),
            "rss_most_mb": round(max(seen)),
            "rss_last_mb": round(seen[-1]),
            "produced_mb": round(rate * seconds * _PARCEL / 2**20),
        }
        if growth > _GROWTH_MB:
            lane.outcome.complaints.append(f"memory grew by {growth:.0f} MB")
        return [lane.finish()]


def _watch_memory(lane, seconds):
    seen, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(min(1.0, seconds / 8))
        seen.append(lane.crew.rss_mb())
    return seen


def slow(ground, size):
    with Lane(ground, "store slow by 2 s", proxied=True) as lane:
        lane.outcome.limit_s = OUTAGE_LIMIT_S
        lane.warm_up()
        lane.fault()
        ground.store_proxy.slow(2.0)
        time.sleep(size.seconds(60, least=6))
        ground.store_proxy.heal()
        lane.recover(time.monotonic())
        return [lane.finish()]


def disk_full(ground, size):
    """The engine refuses inserts as it does when nothing is left on its disk (its error 243)."""
    with Lane(ground, "store's disk full") as lane:
        lane.outcome.limit_s = OUTAGE_LIMIT_S
        lane.warm_up()
        clickhouse = ClickHouseStore(lane.settings.store()).clickhouse
        lane.fault()
        for table in ("risk", "summaries"):
            clickhouse.command(
                f"ALTER TABLE {table} MODIFY SETTING min_free_disk_bytes_to_perform_insert = "
                "1000000000000000"
            )
        time.sleep(size.seconds(30, least=5))
        for table in ("risk", "summaries"):
            clickhouse.command(
                f"ALTER TABLE {table} RESET SETTING min_free_disk_bytes_to_perform_insert"
            )
        lane.recover(time.monotonic())
        return [lane.finish()]


SCENARIOS = (
    Scenario("store-kills", kills, alone=True),
    Scenario("store-away", away, alone=True),
    Scenario("store-slow", slow, alone=True),
    Scenario("store-full", disk_full),
)
