"""The process of one training: `python -m app.lab.run ID`. Nobody is promoted by it."""

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from msgspec.structs import replace

from app.cli.train import run
from app.lab.trainings import FOLDER, Training, read, write
from app.profiles import load_profiles, profile_of
from app.settings import load_settings
from contracts.errors import TelltaleError
from models.training import EVER, Options

_EVERY_S = 0.5
_log = structlog.get_logger(__name__)


@dataclass
class Told:
    """Writes progress into the status file, twice a second at most."""

    folder: Path
    training: Training
    _at: float = field(default=float("-inf"))

    def __call__(self, step: str, share: float) -> None:
        """Tell how far a step is."""
        now = time.monotonic()
        if step != self.training.step or now - self._at >= _EVERY_S:
            self.change(step=step, share=min(1.0, max(0.0, share)))
            self._at = now

    def change(self, **fields: Any) -> None:  # noqa: ANN401 (fields of Training)
        """Write some fields anew."""
        self.training = write(self.folder, replace(self.training, **fields))


def main(name: str) -> int:
    """Train as the status file asks; the exit code."""
    settings = load_settings()
    folder = settings.home / FOLDER
    found = read(folder, name)
    if found is None:
        return 2
    told = Told(folder, found)
    try:
        profile = profile_of(load_profiles(settings), found.profile)
        options = Options(tenant=settings.tenant, since_ms=0, until_ms=EVER, seed=1)
        done = run(settings, profile, options, told)
    except TelltaleError as error:
        told.change(state="failed", error=str(error), ended_ms=_now())
        return 1
    except Exception:
        told.change(state="failed", error="see logs/training.log", ended_ms=_now())
        _log.exception("training failed", training=name)
        raise
    told.change(state="done", model=done.model, share=1.0, ended_ms=_now())
    return 0


def _now() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
