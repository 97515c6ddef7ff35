"""The processes of a demo, in a home of their own: what an earlier demo left is cleared first."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from app.cli.up import plan
from app.settings import Settings, load_settings
from app.supervisor import Supervisor
from contracts.errors import UnavailableError
from infra.ports import choose_port, is_free
from infra.run_files import all_running

_CLEARED: Final = ("kafka", "clickhouse", "snapshots", "faust", "logs", "run", "replay")
"""What a new run replaces. Models stay: the next demo of the same fleet need not train again."""
_BACKBONE: Final = ("broker", "store", "api")
_STREAM: Final = ("worker", "alerter")


def demo_settings(base: Settings) -> Settings:
    """Settings of the demo's own home, port included, also for the processes started from here.

    Raises UnavailableError while another demo runs.
    """
    home = (base.home / "demo").resolve()
    running = [entry.name for entry in all_running(home)]
    if running:
        raise UnavailableError(
            f"a demo is running already ({', '.join(running)} in {home}); stop it with Ctrl-C first"
        )
    _clear(home)
    os.environ["TELLTALE_HOME"] = str(home)
    if not (base.api.port and is_free(base.api.port)):
        port = choose_port(0, 0, "the dashboard", "TELLTALE_API__PORT")
        os.environ["TELLTALE_API__PORT"] = str(port)
    return load_settings()


def _clear(home: Path) -> None:
    for name in _CLEARED:
        shutil.rmtree(home / name, ignore_errors=True)


class Stage:
    """Starts services a few at a time, watches all of them, stops them in reverse."""

    def __init__(self, settings: Settings, announce: Callable[[str], None]) -> None:
        self._settings, self._announce = settings, announce
        self._supervisors: list[Supervisor] = []

    def start_backbone(self) -> None:
        """Broker, store and dashboard. Raises UnavailableError."""
        self._start(_BACKBONE)

    def start_stream(self) -> None:
        """Workers and alerter. Raises UnavailableError."""
        self._start(_STREAM)

    def _start(self, parts: tuple[str, ...]) -> None:
        supervisor = Supervisor(plan(self._settings, parts), self._announce)
        supervisor.start()
        self._supervisors.append(supervisor)

    def look(self) -> None:
        """Start again what has ended. Raises UnavailableError when one keeps ending."""
        for supervisor in self._supervisors:
            supervisor.look()

    def stop(self) -> None:
        """Stop all, the last started first."""
        while self._supervisors:
            self._supervisors.pop().stop()
