"""What running processes publish: one JSON file a process in `home`/run, written atomically.

A file whose process is gone (same pid, other start time) counts as absent.
"""

import os
from pathlib import Path

import msgspec
import psutil


class RunFile(msgspec.Struct, frozen=True):
    """A running process: `address` is host:port where it listens, "" where it doesn't."""

    name: str
    pid: int
    started: float
    address: str = ""

    @property
    def port(self) -> int:
        """The port of `address`, 0 without one."""
        return int(self.address.rpartition(":")[2] or 0)


def publish(home: Path, name: str, pid: int, address: str = "") -> RunFile:
    """Write the run file of a process that is ready."""
    entry = RunFile(name, pid, psutil.Process(pid).create_time(), address)
    write_private(_path(home, name), msgspec.json.encode(entry))
    return entry


def withdraw(home: Path, name: str) -> None:
    """Remove a process's run file."""
    _path(home, name).unlink(missing_ok=True)


def last(home: Path, name: str) -> RunFile | None:
    """What was published last, whether or not the process still runs."""
    try:
        return msgspec.json.decode(_path(home, name).read_bytes(), type=RunFile)
    except (OSError, msgspec.DecodeError):
        return None


def running(home: Path, name: str) -> RunFile | None:
    """The process that runs under this name, or None."""
    entry = last(home, name)
    return entry if entry and is_alive(entry.pid, entry.started) else None


def all_running(home: Path) -> list[RunFile]:
    """Every running process, by name."""
    names = sorted(path.stem for path in (home / "run").glob("*.json"))
    return [entry for name in names if (entry := running(home, name))]


def is_alive(pid: int, started: float) -> bool:
    """Whether this very process still runs (a zombie doesn't)."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) < 1
        return bool(same and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def write_private(path: Path, content: bytes) -> None:
    """Replace a file at once, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    temporary.replace(path)


def _path(home: Path, name: str) -> Path:
    return home / "run" / f"{name}.json"
