"""Per-sample JSON topics of others through `telltale gateway` to acknowledged rows.

`python -m benchmarks.pack [--json]`: a topic filled beforehand with one JSON object a sample, a
real broker, the store in a process of its own, one real gateway and one real worker process.
Measured from the start of reading to the last row that the store acknowledged.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from app.settings import Settings, load_settings
from benchmarks.machine import cpu_s, machine, spent
from features.profile import builtin_profile
from infra.kafka_clients import open_admin, open_producer
from infra.processes import Backbone
from infra.run_files import all_running
from infra.store import ClickHouseStore

PROFILE = "truck-diesel"
TOPIC = "vehicle-samples"
START = 1_700_000_000_000
SIGNALS = 5
LIMIT_S = 500


def fill(settings: Settings, samples: int, vehicles: int) -> None:
    kafka = settings.broker()
    with open_admin(kafka) as admin:
        shape = {"num_partitions": 8, "replication_factor": 1}
        admin.create_topics({TOPIC: shape}, wait_for_metadata=True)
    signals = builtin_profile(PROFILE).signals[:SIGNALS]
    producer = open_producer(kafka)
    for index in range(samples):
        turn, signal = divmod(index, SIGNALS)
        second, vehicle = divmod(turn, vehicles)
        name = f"V{vehicle:06d}"
        body = {
            "vehicle_id": name,
            "ts": START + second * 1_000,
            "signal": signals[signal].column,
            "value": signals[signal].centre,
        }
        producer.send(TOPIC, json.dumps(body).encode(), name.encode())
    producer.flush(60)
    producer.close()


@contextmanager
def running(settings: Settings, *arguments: str) -> Iterator[psutil.Process]:
    line = [sys.executable, "-m", "app.cli.main", *arguments]
    log = (settings.home / f"{arguments[0]}.log").open("ab")
    environment = {**os.environ, "TELLTALE_HOME": str(settings.home)}
    child = subprocess.Popen(line, env=environment, stdout=log, stderr=log)  # noqa: S603
    try:
        yield psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait(30)
        log.close()


def figures(settings: Settings, name: str) -> dict[str, float]:
    address = next((one.address for one in all_running(settings.home) if one.name == name), "")
    if not address:
        return {}
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in (x.rsplit(" ", 1) for x in lines if x[0] != "#")}


def stored(settings: Settings) -> int:
    """Samples in the rows that the store has acknowledged, each once."""
    store = ClickHouseStore(settings.store()).clickhouse
    rows = store.rows("SELECT sum(arraySum(count)) FROM summaries FINAL")
    return round(rows[0][0] or 0)


def drain(settings: Settings, samples: int) -> dict[str, Any]:
    file = settings.home / "gateway.toml"
    file.write_text(f'[[topics]]\nname = "{TOPIC}"\nprofile = "{PROFILE}"\n')
    with running(settings, "worker") as worker:
        while not figures(settings, f"metrics-{worker.pid}"):
            time.sleep(0.1)
        with running(settings, "gateway", str(file), "--every", "2") as gateway:
            while not figures(settings, f"gateway-{gateway.pid}"):
                time.sleep(0.02)
            began, before = time.monotonic(), (cpu_s(gateway), cpu_s(worker))
            while stored(settings) < samples:
                if time.monotonic() > began + LIMIT_S:
                    raise SystemExit(f"only {stored(settings)} of {samples} samples arrived")
                time.sleep(0.2)
            wall = time.monotonic() - began
            spent = cpu_s(gateway) - before[0], cpu_s(worker) - before[1]
            frames = figures(settings, f"gateway-{gateway.pid}")["telltale_gateway_frames_total"]
    return {
        "samples_per_second": samples / wall,
        "wall_seconds": wall,
        "gateway_cpu_us_per_sample": 1e6 * spent[0] / samples,
        "worker_cpu_us_per_sample": 1e6 * spent[1] / samples,
        "samples_per_frame": samples / frames,
        "lost": samples - min(samples, stored(settings)),
        "doubled": max(0, stored(settings) - samples),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--vehicles", type=int, default=1_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        base = load_settings(home=Path(home))
        with Backbone(base.home, base.kafka, base.clickhouse):
            fill(base, options.samples, options.vehicles)
            found = drain(base, options.samples)
    found |= {"options": vars(options)} | machine() | spent()
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name:26} {value:,.2f}" if isinstance(value, float) else f"{name:26} {value}")


if __name__ == "__main__":
    main()
