"""What a figure was taken on: cores, Python, versions, and the commit."""

import os
import platform
import subprocess
from importlib.metadata import version
from typing import Any

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


def commit() -> str:
    """The commit the figures belong to, marked where the tree differs from it."""
    line = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    found = subprocess.run(line, capture_output=True, text=True, check=False)  # noqa: S603
    return found.stdout.strip() or "unknown"
