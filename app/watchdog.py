"""Ends a stalled worker with a reason: what hangs silently can't be restarted."""

import math
import os
import threading
import time
from collections.abc import Callable
from typing import Final

import structlog

EXIT_STALLED: Final = 75
STOP_S: Final = 9.0
"""So long a stop may take. What broker or store hold up longer is done again from the log."""
_CHECK_S: Final = 1.0

_log = structlog.get_logger(__name__)


def end_process(reason: str) -> None:
    """Say why and end at once, without cleaning up: the log is replayed from the last snapshot."""
    _log.critical("stalled; the process ends", reason=reason)
    os._exit(EXIT_STALLED)


class Watchdog:
    """Parts that work say so by `beat`; a part that is silent for too long ends the worker.

    A part is watched from its first `beat` to its `rest`.
    """

    def __init__(self, limit_s: float, end: Callable[[str], None] = end_process) -> None:
        self.limit_s = limit_s
        self._end = end
        self._beats: dict[str, float] = {}
        self._stop_by = math.inf
        self._lock = threading.Lock()

    def beat(self, part: str) -> None:
        """The part is alive."""
        with self._lock:
            self._beats[part] = time.monotonic()

    def begin(self, part: str) -> None:
        """Watch the part from now on, unless it is watched already."""
        with self._lock:
            self._beats.setdefault(part, time.monotonic())

    def rest(self, part: str) -> None:
        """The part has nothing to do."""
        with self._lock:
            self._beats.pop(part, None)

    def end_within(self, seconds: float) -> None:
        """A stop has begun: what hangs on it is ended after so long."""
        self._stop_by = time.monotonic() + seconds

    def check(self, now_s: float) -> str:
        """Why the worker has to end, or ""."""
        if now_s > self._stop_by:
            return "its stop doesn't come to an end; what isn't saved is done again from the log"
        with self._lock:
            silent = {part: now_s - at for part, at in self._beats.items()}
        for part, seconds in silent.items():
            if seconds > self.limit_s:
                return f"{part} made no progress for {seconds:.0f} s"
        return ""

    def start(self) -> None:
        """Watch in a thread of its own."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def _watch(self) -> None:
        while not (reason := self.check(time.monotonic())):
            time.sleep(_CHECK_S)
        self._end(reason)
