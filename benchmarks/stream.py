"""What one worker drains: `python -m benchmarks.stream --frames-per-message 32 [--json]`.

A topic filled beforehand with frames of 30 samples x 20 signals (profile truck-diesel), a real
broker, the store in a process of its own, one real worker process. Measured from its first batch
to its last acknowledged row.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from app.settings import Settings, load_settings
from contracts.codec import make_frame
from contracts.records import Frame
from features.profile import Profile, builtin_profile
from infra.kafka import RecordProducer
from infra.processes import Backbone
from infra.run_files import all_running
from infra.store import ClickHouseStore

START = 1_700_000_000_000
SAMPLES = 30
POOL = 256
LIMIT_S = 600


def pool(profile: Profile) -> list[Frame]:
    random = np.random.default_rng(1)
    centre = np.array([s.centre for s in profile.signals])
    scale = np.array([s.scale for s in profile.signals])
    low, high = ([getattr(s.spec, side) for s in profile.signals] for side in ("low", "high"))
    drawn = centre + 0.3 * scale * random.standard_normal((POOL, SAMPLES, len(centre)))
    return [
        make_frame(
            profile=profile.name,
            vehicle_id="",
            seq=0,
            start_ms=0,
            signals=profile.signal_ids,
            offsets_ms=np.arange(SAMPLES) * 2_000,
            samples=np.clip(one, low, high),
        )
        for one in drawn
    ]


def fill(settings: Settings, profile: Profile, options: argparse.Namespace) -> None:
    made = pool(profile)
    limits = {"max_records": options.frames_per_message, "max_bytes": 900_000, "max_wait_s": 5.0}
    with RecordProducer(settings.broker(), **limits) as producer:
        for index in range(options.frames):
            seq, vehicle = divmod(index, options.vehicles)
            at = START + seq * options.period_s * 1_000
            one = made[index % POOL]
            producer.send(
                [
                    Frame(
                        "default", profile.name, f"V{vehicle:06d}", seq, at,
                        one.signals, one.offsets, one.samples,
                    )
                ]
            )  # fmt: skip


def figures(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in (x.rsplit(" ", 1) for x in lines if x[0] != "#")}


def metrics_port(settings: Settings, pid: int) -> int:
    for _ in range(600):
        for entry in all_running(settings.home):
            if entry.name == f"metrics-{pid}":
                return entry.port
        time.sleep(0.05)
    raise SystemExit("the worker did not start")


def drain(settings: Settings, frames: int) -> dict[str, Any]:
    line = [sys.executable, "-m", "app.cli.main", "worker"]
    with subprocess.Popen(line, env={**os.environ, "TELLTALE_HOME": str(settings.home)}) as child:  # noqa: S603
        try:
            return watch(settings, child.pid, frames)
        finally:
            child.terminate()


def watch(settings: Settings, pid: int, frames: int) -> dict[str, Any]:
    port, process = metrics_port(settings, pid), psutil.Process(pid)
    began = cpu = 0.0
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        now, found = time.monotonic(), figures(port)
        spent = sum(process.cpu_times()[:2])
        done = found.get("telltale_worker_frames_total", 0.0)
        if not began and done:
            began, cpu, first = now, spent, done
        if done >= frames:
            return report(found, now - began, spent - cpu, done - first, pid)
        time.sleep(0.1)
    raise SystemExit(f"only {done:.0f} of {frames} frames within {LIMIT_S} s")


def report(
    found: dict[str, float], wall: float, cpu: float, frames: float, pid: int
) -> dict[str, Any]:
    stages = {
        name.split('"')[1]: 1e6 * value / found["telltale_worker_frames_total"]
        for name, value in found.items()
        if name.startswith("telltale_worker_step_seconds_sum")
    }
    status = Path(f"/proc/{pid}/status").read_text()
    return {
        "frames_per_second": frames / wall,
        "samples_per_second": frames * SAMPLES / wall,
        "cpu_us_per_frame": 1e6 * cpu / frames,
        "stages_us_per_frame": stages,
        "peak_rss_mb": int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024,
        "rows": {n.split('"')[1]: v for n, v in found.items() if "worker_rows_total" in n},
        "refused": sum(v for n, v in found.items() if "worker_refused_total" in n),
    }


def stored(settings: Settings, frames: int) -> dict[str, int]:
    store = ClickHouseStore(settings.store()).clickhouse
    rows, distinct = store.rows("SELECT count(), uniqExact(vehicle_id, seq) FROM summaries")[0]
    return {"lost": frames - distinct, "doubled": rows - distinct}


def machine() -> dict[str, Any]:
    names = ("faust-streaming", "aiokafka", "numpy", "xgboost", "chdb", "clickhouse-connect")
    found = {name: version(name) for name in names}
    return {"cores": os.cpu_count(), "python": platform.python_version(), "versions": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames-per-message", type=int, default=32)
    parser.add_argument("--vehicles", type=int, default=20_000)
    parser.add_argument("--frames", type=int, default=300_000)
    parser.add_argument("--period-s", type=int, default=900, help="event time between frames")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    profile = builtin_profile("truck-diesel")
    with tempfile.TemporaryDirectory() as home:
        base = load_settings(home=Path(home))
        with Backbone(base.home, base.kafka, base.clickhouse):
            fill(base, profile, options)
            found = drain(base, options.frames) | stored(base, options.frames)
    found |= {"options": vars(options)} | machine()
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name:22} {value:,.1f}" if isinstance(value, float) else f"{name:22} {value}")


if __name__ == "__main__":
    main()
