"""What a figure was taken on and by: cores, Python, versions, the commit, the command."""

import os
import platform
import re
import shlex
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

PACKAGES = (
    "faust-streaming",
    "aiokafka",
    "kafka-python",
    "msgspec",
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
        "command": command(),
    }


def spent() -> dict[str, float]:
    """Seconds of this process so far, by the wall's clock and of processor; the processor's also of
    its children that have ended.
    """
    return {
        "wall_seconds_in_all": time.time() - psutil.Process().create_time(),
        "cpu_seconds_in_all": sum(os.times()[:4]),
    }


def command() -> str:
    """The command line that runs us, with `python` for whichever Python it was."""
    return shlex.join(["python", *sys.orig_argv[1:]])


def cpu_s(process: psutil.Process) -> float:
    """Processor seconds of a process so far, user and system."""
    return sum(process.cpu_times()[:2])


def peak_mb(pid: int) -> float:
    """The most memory that a process ever had, MiB (Linux; `getrusage` would hold the parent's)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def commit() -> str:
    """The commit the figures belong to, marked where the tree differs from it, but for results that
    were written just before.
    """
    name = _git("describe", "--always", "--exclude=*").stdout.strip()
    same = _git("diff", "--quiet", "HEAD", "--", ":/", ":(top,exclude)benchmarks/results")
    return f"{name}{'-dirty' if same.returncode == 1 else ''}" if name else "unknown"


def _git(*words: str) -> subprocess.CompletedProcess[str]:
    line = ["git", *words]
    return subprocess.run(line, capture_output=True, text=True, check=False)  # noqa: S603
