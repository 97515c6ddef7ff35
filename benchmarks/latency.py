"""From produced to queryable: `python -m benchmarks.latency --rate 2000 --seconds 30`.

Frames of 30 samples x 20 signals are produced at a steady rate; the store is asked again and again
for the newest frame it has of each of some vehicles, whose frames are spread evenly over time. A
frame's latency ends with the first answer that has it, so it includes the asking. Nothing counts
from the first ten seconds, in which the worker joins its group. Prints seconds p50 and p99, the
highest lag of each second and of all, and memory.
"""

import argparse
import json
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from app.settings import Settings, load_settings
from benchmarks.champion import promote_champion
from benchmarks.load import Worker, frames, workers
from benchmarks.machine import machine, spent
from benchmarks.stream import PROFILE, bench_profile
from features.profile import builtin_profile
from infra.kafka import RecordProducer
from infra.processes import Backbone
from infra.store import ClickHouseStore

WATCHED = 200
"""Vehicles whose frames are looked for; the others only make the load."""
WARM_S = 10
_BURST_S = 0.01


class Produced:
    """When each frame of the watched vehicles was produced (monotonic seconds)."""

    def __init__(self) -> None:
        self.at: dict[tuple[str, int], float] = {}
        self.done = False


def produce(settings: Settings, options: argparse.Namespace, produced: Produced) -> None:
    total = int(options.rate * (WARM_S + options.seconds))
    made = frames(builtin_profile(PROFILE), total, options.vehicles, 30)
    began, sent = time.monotonic(), 0
    looked_for = set(watched(options.vehicles))
    with RecordProducer(settings.broker()) as producer:
        while sent < total:
            due = min(total, int((time.monotonic() - began) * options.rate) + 1)
            batch = [next(made) for _ in range(due - sent)]
            now = time.monotonic()
            for frame in batch:
                if now - began > WARM_S and frame.vehicle_id in looked_for:
                    produced.at[frame.vehicle_id, frame.seq] = now
            producer.send(batch)
            sent = due
            time.sleep(_BURST_S)
    produced.done = True


def watched(vehicles: int) -> list[str]:
    """Ids of the vehicles that are looked for: they send in turn, so these are spread over time."""
    return [f"V{vehicle:06d}" for vehicle in range(0, vehicles, max(1, vehicles // WATCHED))]


def watch(
    settings: Settings, vehicles: list[str], produced: Produced, worker: Worker
) -> dict[str, Any]:
    store = ClickHouseStore(settings.store()).clickhouse
    seen: dict[str, int] = {}
    waits: list[float] = []
    lags: dict[int, float] = {}
    began = time.monotonic()
    end = began + 600
    while time.monotonic() < end and not (produced.done and len(waits) >= len(produced.at)):
        rows = store.rows(
            "SELECT vehicle_id, max(seq) FROM summaries WHERE tenant = 'default' "
            "AND profile = %(profile)s AND vehicle_id IN %(vehicles)s GROUP BY vehicle_id",
            profile=PROFILE,
            vehicles=vehicles,
        )
        now = time.monotonic()
        for vehicle, newest in rows:
            fresh = range(seen.get(vehicle, -1) + 1, newest + 1)
            sent = [produced.at.get((vehicle, seq)) for seq in fresh]
            waits += [now - at for at in sent if at is not None]
            seen[vehicle] = newest
        figures = worker.figures()
        lag = sum(v for n, v in figures.items() if n.startswith("telltale_worker_lag"))
        second = int(now - began)
        lags[second] = max(lag, lags.get(second, 0.0))
        time.sleep(0.01)
    return {
        "frames_watched": len(waits),
        "p50_s": float(np.quantile(waits, 0.5)),
        "p99_s": float(np.quantile(waits, 0.99)),
        "max_lag_messages": max(lags.values()),
        "lag_by_second": list(lags.values()),
        "peak_rss_mb": worker.peak_mb(),
    }


def measure(options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(home=Path(folder))
        produced = Produced()
        with Backbone(settings.home, settings.kafka, settings.clickhouse):
            profile = bench_profile(settings.home / "profiles", "60s")
            promote_champion(settings, profile)
            with workers(settings, 1, "--profile-dir", str(settings.home / "profiles")) as running:
                while not running[0].figures():
                    time.sleep(0.1)
                sender = threading.Thread(target=produce, args=(settings, options, produced))
                sender.start()
                found = watch(settings, watched(options.vehicles), produced, running[0])
                sender.join()
        return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=float, default=2_000, help="frames a second")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--vehicles", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options) | {"options": vars(options)} | machine() | spent()
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
