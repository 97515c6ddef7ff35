"""What a figure was taken on: cores, Python, versions, and the commit."""

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

PACKAGES = (
    "faust-streaming",
    "aiokafka",
    "kafka-python",
    "numpy",
    "xgboost",
    "chdb-core",
    "clickhouse-connect",
)


def machine() -> dict[str, Any]:
    return {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "commit": commit(),
    }


def cpu_s(process: psutil.Process) -> float:
    """Processor seconds of a process so far, user and system."""
    return sum(process.cpu_times()[:2])


def peak_mb(pid: int) -> float:
    """The most memory that a process ever had, MiB (Linux; `getrusage` would hold the parent's)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def commit() -> str:
    """The commit the figures belong to, marked where the tree differs from it."""
    line = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    found = subprocess.run(line, capture_output=True, text=True, check=False)  # noqa: S603
    return found.stdout.strip() or "unknown"
