"""The API server as a process of its own, and keys to ask it with."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from app.access.people import By, Desk
from app.settings import Settings
from benchmarks.machine import cpu_s
from infra.store import ClickHouseStore

KEYS = 8
"""So many people ask: the server limits each one's requests a second."""
_START_S = 60


@dataclass(frozen=True)
class Served:
    """`port` on loopback, and headers with keys that open it."""

    port: int
    process: psutil.Process
    headers: list[dict[str, str]]

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def rss_mb(self) -> float:
        """Memory it has now."""
        return float(self.process.memory_info().rss / 1e6)

    def cpu_s(self) -> float:
        """Processor seconds so far."""
        return cpu_s(self.process)


@contextmanager
def serve(settings: Settings) -> Iterator[Served]:
    """A running `telltale api`, ended afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {"TELLTALE_HOME": str(settings.home), "TELLTALE_API__PORT": str(port)}
    line = [sys.executable, "-m", "app.cli.main", "api"]
    with (settings.home / "api.log").open("ab") as log:
        child = subprocess.Popen(line, env=os.environ | given, stdout=log, stderr=log)  # noqa: S603
    try:
        _wait(child, port)
        yield Served(port, psutil.Process(child.pid), _keys(settings))
    finally:
        child.terminate()
        child.wait(30)


def _wait(child: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and child.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise SystemExit("the API didn't start; see api.log in its home")


def _keys(settings: Settings) -> list[dict[str, str]]:
    desk = Desk(ClickHouseStore(settings.store()).clickhouse)
    by = By(settings.tenant, "benchmark", "admin", "local", time.time_ns() // 1_000_000)
    made = [desk.new_key(by, f"page {number}", "service_desk", []) for number in range(KEYS)]
    return [{"Authorization": f"Bearer {text}"} for _, text in made]
