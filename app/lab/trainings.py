"""Trainings of one home: each a process of its own that writes its status into a file."""

import os
import sys
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec
import psutil

from app.settings import Settings
from contracts.errors import DataError
from infra.child import Child

FOLDER: Final = "trainings"
_KEPT: Final = 50
State = Literal["running", "done", "failed"]


class Training(msgspec.Struct, frozen=True):
    """One training. `share` (0 to 1) is of `step`; times are Unix milliseconds, 0 = not yet."""

    training_id: str
    profile: str
    actor: str
    state: State
    step: str
    share: float
    started_ms: int
    ended_ms: int = 0
    model: str = ""
    error: str = ""
    pid: int = 0


class Trainings:
    """Starts trainings and reads how they are. One runs at a time: it takes a whole core."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.home / FOLDER

    def start(self, profile: str, actor: str, now_ms: int) -> Training:
        """Start one. Raises DataError while another runs."""
        running = next((one for one in self.list() if one.state == "running"), None)
        if running is not None:
            raise DataError(f"a training of {running.profile} is running; wait until it has ended")
        name = f"{now_ms:013d}-{uuid.uuid4().hex[:8]}"
        begun = Training(name, profile, actor, "running", "", 0.0, now_ms)
        write(self._folder, begun)
        command = (sys.executable, "-P", "-m", "app.lab.run", name)
        log = self._settings.home / "logs" / "training.log"
        child = Child("training", command, log, _environment(self._settings))
        # A process that nobody waits for stays as a zombie.
        threading.Thread(target=child.wait, name="training", daemon=True).start()
        return write(self._folder, msgspec.structs.replace(begun, pid=child.pid))

    def list(self) -> list[Training]:
        """The newest first, at most 50."""
        names = sorted((path.stem for path in self._folder.glob("*.json")), reverse=True)
        found = (self.find(name) for name in names[:_KEPT])
        return [one for one in found if one is not None]

    def find(self, name: str) -> Training | None:
        """One training, None for an unknown id. One whose process is gone has failed."""
        found = read(self._folder, name)
        if found and found.state == "running" and found.pid and not _alive(found.pid):
            again = read(self._folder, name)  # it may have written its end meanwhile
            if again and again.state == "running":
                said = "its process ended without a word; logs/training.log says more"
                return msgspec.structs.replace(again, state="failed", error=said)
            return again
        return found


def write(folder: Path, training: Training) -> Training:
    """Put the status where readers see either the old or the new one, whole."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{training.training_id}.json"
    draft = path.with_suffix(f".{os.getpid()}.new")
    draft.write_bytes(msgspec.json.encode(training))
    draft.replace(path)
    return training


def read(folder: Path, name: str) -> Training | None:
    """The status in a file, None where there is none that can be read."""
    if not name.replace("-", "").isalnum():
        return None
    try:
        return msgspec.json.decode((folder / f"{name}.json").read_bytes(), type=Training)
    except (OSError, msgspec.DecodeError):
        return None


def _alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _environment(settings: Settings) -> Mapping[str, str]:
    """What the process needs to find the same home and store."""
    found = {**os.environ, "TELLTALE_HOME": str(settings.home), "TELLTALE_TENANT": settings.tenant}
    store = settings.clickhouse
    if not store.embedded:
        prefix = "TELLTALE_CLICKHOUSE__"
        found |= {
            f"{prefix}URL": store.url,
            f"{prefix}USER": store.user,
            f"{prefix}PASSWORD": store.password.get_secret_value(),
            f"{prefix}DATABASE": store.database,
        }
    return found
