"""Ends a stalled worker with a reason: what hangs silently can't be restarted."""

import os
import threading
import time
from collections.abc import Callable
from typing import Final

import structlog

EXIT_STALLED: Final = 75
_CHECK_S: Final = 1.0

_log = structlog.get_logger(__name__)


def end_process(reason: str) -> None:
    """Say why and end at once, without cleaning up: the log is replayed from the last snapshot."""
    _log.critical("worker stalled; it ends and is to be started again", reason=reason)
    os._exit(EXIT_STALLED)


class Watchdog:
    """Parts that work say so by `beat`; a part that is silent for too long ends the worker.

    A part is watched from its first `beat` to its `rest`.
    """

    def __init__(self, limit_s: float, end: Callable[[str], None] = end_process) -> None:
        self.limit_s = limit_s
        self._end = end
        self._beats: dict[str, float] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()

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

    def check(self, now_s: float) -> str:
        """Why the worker has to end, or ""."""
        with self._lock:
            silent = {part: now_s - at for part, at in self._beats.items()}
        for part, seconds in silent.items():
            if seconds > self.limit_s:
                return f"{part} made no progress for {seconds:.0f} s"
        return ""

    def start(self) -> None:
        """Watch in a thread of its own."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def close(self) -> None:
        """Stop watching."""
        self._closed.set()

    def _watch(self) -> None:
        while not self._closed.wait(_CHECK_S):
            reason = self.check(time.monotonic())
            if reason:
                self._end(reason)
                return
