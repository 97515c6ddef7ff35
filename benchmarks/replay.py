"""Features replayed from the store: `python -m benchmarks.replay [--days N]`.

Prints one JSON object a history: the same 256 trucks (20 signals, a frame in half an hour) with 1,
2 and 4 times as many days in the embedded store, read by models/table.py as a training does, in a
process of its own: summaries a second of processor of that process, its peak memory, and the
seconds of processor of the store.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.engine import values
from benchmarks.machine import cpu_s, machine, peak_mb, spent
from contracts.batches import Summaries
from contracts.records import VehicleEvent
from features.expectation import fit_expectation
from features.profile import Profile, builtin_profile
from infra.addresses import embedded_clickhouse
from infra.connections import ClickHouseConnection
from infra.store import ClickHouseStore
from infra.store_process import EmbeddedStore
from models.table import DAY_MS, Scope, tabulate

START = 1_600_041_600_000
FLEET = 256
FRAME_MS = 1_800_000


def history(profile: Profile, first_day: int, days: int) -> Iterator[Summaries]:
    """A day of the whole fleet at a time."""
    count = DAY_MS // FRAME_MS
    for day in range(first_day, first_day + days):
        means = values(profile, FLEET * count, day)
        stats = np.repeat(means[:, :, None], 6, axis=2)
        stats[:, :, 0], stats[:, :, 2] = 30, 0.1
        times = START + day * DAY_MS + np.arange(count) * FRAME_MS
        yield Summaries(
            profile.name,
            ["default"] * len(means),
            [f"V{place:04d}" for place in range(FLEET) for _ in range(count)],
            np.tile(times, FLEET),
            np.tile(day * count + np.arange(count), FLEET),
            stats,
        )


def codes(profile: Profile, first_day: int, days: int) -> list[VehicleEvent]:
    """A fault code of each vehicle in ten days."""
    known = profile.fault_codes
    return [
        VehicleEvent(
            "default",
            profile.name,
            f"V{place:04d}",
            START + day * DAY_MS + 1_000 * place,
            "fault_code",
            known[(place + day) % len(known)].code,
        )
        for place in range(FLEET)
        for day in range(first_day + place % 10, first_day + days, 10)
    ]


def replay_part(home: Path) -> dict[str, Any]:
    """In a process of its own: all that the store has, as a training reads it."""
    profile = builtin_profile("truck-diesel")
    expectation = fit_expectation(profile, values(profile, 20_000, 0))
    store = ClickHouseStore(embedded_clickhouse(home, ClickHouseConnection()))
    since, until = store.span("default", profile.name)
    began, processor = time.perf_counter(), time.process_time()
    table = tabulate(store, profile, expectation, Scope("default", since, until))
    wall_s, core_s = time.perf_counter() - began, time.process_time() - processor
    return {
        "days": (until - since) / DAY_MS,
        "summaries": table.summaries,
        "rows": len(table),
        "summaries_per_core_second": table.summaries / core_s,
        "wall_seconds": wall_s,
        "peak_memory_gib": peak_mb(os.getpid()) / 1024,
    }


def measure_replay(days: int) -> list[dict[str, Any]]:
    profile = builtin_profile("truck-diesel")
    sizes = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        server = EmbeddedStore(home, "telltale")
        child = server.start()
        try:
            store = ClickHouseStore(embedded_clickhouse(home, ClickHouseConnection()))
            store.migrate()
            done, process = 0, psutil.Process(child.pid)
            for until in (days, 2 * days, 4 * days):
                for part in history(profile, done, until - done):
                    store.write_summaries(part)
                store.write_events(codes(profile, done, until - done))
                done = until
                before = cpu_s(process)
                found = _replayed(folder)
                sizes.append(found | {"store_core_seconds": cpu_s(process) - before})
        finally:
            server.stop()
    return sizes


def _replayed(folder: str) -> dict[str, Any]:
    line = [sys.executable, "-m", "benchmarks.replay", "--home", folder]
    done = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay")
    parser.add_argument("--days", type=int, default=30, help="Of the shortest history.")
    parser.add_argument("--home", type=Path, help="Where a store runs: replay what it has.")
    parser.add_argument("--json", action="store_true", help="As it prints anyway.")
    given = parser.parse_args()
    if given.home:
        print(json.dumps(replay_part(given.home)))
        return
    found = {"sizes": measure_replay(given.days)}
    print(json.dumps(found | machine() | spent(), indent=2))


if __name__ == "__main__":
    main()
