"""A topic filled beforehand, worker processes that drain it, and their figures."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import psutil

from app.settings import Settings
from benchmarks.machine import cpu_s, peak_mb
from contracts.codec import make_frame
from contracts.records import Frame
from features.profile import Profile
from infra.kafka import RecordProducer
from infra.run_files import all_running
from infra.store import ClickHouseStore

START = 1_700_000_000_000
SAMPLES = 30
POOL = 256
LIMIT_S = 600


def pool(profile: Profile) -> list[Frame]:
    """Frames without vehicle and time: 30 samples of every signal, near what is healthy."""
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
            offsets_ms=np.arange(SAMPLES) * 1_000,
            samples=np.clip(one, low, high),
        )
        for one in drawn
    ]


def frames(profile: Profile, count: int, vehicles: int, period_s: float) -> Iterator[Frame]:
    """Frames of all vehicles in turn, `period_s` of event time apart for each."""
    made = pool(profile)
    for index in range(count):
        seq, vehicle = divmod(index, vehicles)
        at = START + int(seq * period_s * 1_000)
        one = made[index % POOL]
        name = f"V{vehicle:06d}"
        yield Frame(
            "default", profile.name, name, seq, at, one.signals, one.offsets, one.samples
        )  # fmt: skip


def fill(settings: Settings, made: Iterator[Frame], frames_per_message: int) -> None:
    limits = {"max_records": frames_per_message, "max_bytes": 900_000, "max_wait_s": 5.0}
    with RecordProducer(settings.broker(), **limits) as producer:
        for frame in made:
            producer.send([frame])


class Worker:
    """A real worker process and its figures, as Prometheus reads them."""

    def __init__(self, settings: Settings, process: psutil.Process) -> None:
        self._process, self._settings = process, settings
        self._port = 0

    def figures(self) -> dict[str, float]:
        """Name with labels -> value; nothing before the worker serves them."""
        self._port = self._port or self._find_port()
        if not self._port:
            return {}
        url = f"http://127.0.0.1:{self._port}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return {n: float(v) for n, v in (x.rsplit(" ", 1) for x in lines if x[0] != "#")}

    def cpu_s(self) -> float:
        """Processor seconds so far, user and system."""
        return cpu_s(self._process)

    def peak_mb(self) -> float:
        """The most memory it had so far."""
        return peak_mb(self._process.pid)

    def _find_port(self) -> int:
        name = f"metrics-{self._process.pid}"
        return next((e.port for e in all_running(self._settings.home) if e.name == name), 0)


@contextmanager
def workers(settings: Settings, count: int, *arguments: str) -> Iterator[list[Worker]]:
    """So many worker processes, ended afterwards."""
    line = [sys.executable, "-m", "app.cli.main", "worker", *arguments]
    environment = {**os.environ, "TELLTALE_HOME": str(settings.home)}
    log = (settings.home / "worker.log").open("ab")
    children = [
        subprocess.Popen(line, env=environment, stdout=log, stderr=log)  # noqa: S603
        for _ in range(count)
    ]
    try:
        yield [Worker(settings, psutil.Process(child.pid)) for child in children]
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(30)
        log.close()


def drain(running: list[Worker], expected: int, lost: Callable[[], int]) -> dict[str, Any]:
    """Watch until all frames are applied and the store lacks none (`lost`): frames that a
    rebalance made two workers apply count twice. Figures from when each worker had a batch, with
    all partitions shared out, to the last row.
    """
    began = first = cpu = 0.0
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        found = [worker.figures() for worker in running]
        now, spent = time.monotonic(), sum(worker.cpu_s() for worker in running)
        each = [one.get("telltale_worker_frames_total", 0.0) for one in found]
        done = sum(each)
        if not began and all(each):
            began, cpu, first = now, spent, done
        if done >= expected and not lost():
            report = _report(found, now - began, spent - cpu, expected - first)
            return report | {"peak_rss_mb": max(worker.peak_mb() for worker in running)}
        time.sleep(0.05)
    raise SystemExit(f"{lost()} of {expected} frames are not stored after {LIMIT_S} s")


def _report(found: list[dict[str, float]], wall: float, cpu: float, done: float) -> dict[str, Any]:
    total = sum(one.get("telltale_worker_frames_total", 0.0) for one in found)

    def summed(prefix: str) -> dict[str, float]:
        sums: dict[str, float] = {}
        for one in found:
            for name, value in one.items():
                if name.startswith(prefix):
                    label = name.split('"')[1]
                    sums[label] = sums.get(label, 0.0) + value
        return sums

    def by_stage(prefix: str) -> dict[str, float]:
        """Microseconds a frame."""
        return {step: 1e6 * value / total for step, value in summed(prefix).items()}

    return {
        "frames_per_second": done / wall,
        "samples_per_second": done * SAMPLES / wall,
        "cpu_us_per_frame": 1e6 * cpu / done,
        "wall_seconds": wall,
        "cpu_seconds": cpu,
        "stages": by_stage("telltale_worker_step_cpu_seconds_total"),
        "stages_elapsed": by_stage("telltale_worker_step_seconds_sum"),
        "frames_by_worker": [one.get("telltale_worker_frames_total", 0.0) for one in found],
        "rows": summed("telltale_worker_rows_total"),
        "refused": sum(summed("telltale_worker_refused_total").values()),
    }


def stored(settings: Settings, frames_sent: int) -> dict[str, int]:
    """Frames that the store lacks or has twice."""
    store = ClickHouseStore(settings.store()).clickhouse
    rows, distinct = store.rows(
        "SELECT count(), uniqExact(vehicle_id, time, seq) FROM summaries FINAL"
    )[0]
    return {"lost": frames_sent - distinct, "doubled": rows - distinct}
