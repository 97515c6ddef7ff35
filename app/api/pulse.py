"""Keeps a reading of the platform a minute, so that the System page can say how it went."""

import threading
from collections.abc import Callable
from typing import Final

import structlog

from app.api.context import Context
from app.api.status import StatusView, status_view
from infra.pulse import Reading, newest_score, write_readings
from infra.reads.questions import ask

_EVERY_S: Final = 60.0
_FIRST_S: Final = 5.0
"""The first one waits until store and broker have begun too."""
_log = structlog.get_logger(__name__)


def behind(status: StatusView) -> int:
    """Messages that some group has not taken yet."""
    return sum(sum(topic.lag.values()) for topic in status.topics)


def reading_of(status: StatusView, time_ms: int, newest_ms: int) -> Reading:
    """What a status comes to; the newest score's event time beside it."""
    return Reading(time_ms, status.tables.get("summaries", 0), behind(status), newest_ms)


def keep_reading(context: Context) -> bool:
    """Store how the platform is now; whether that was known: where store or broker are away,
    nothing is kept. Raises UnavailableError.
    """
    status = status_view(context)
    if status.problems:
        return False
    newest_ms, _ = ask(context.store, newest_score(context.tenant))
    write_readings(context.store, [reading_of(status, context.wall_ms(), newest_ms)])
    return True


class Pulse:
    """A thread that keeps readings until it is closed."""

    def __init__(self, keep: Callable[[], object], every_s: float = _EVERY_S) -> None:
        self._keep = keep
        self._every_s = every_s
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="pulse", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop; a reading that is being taken is waited for."""
        self._closed.set()
        self._thread.join()

    def _beat(self) -> None:
        wait_s = min(_FIRST_S, self._every_s)
        while not self._closed.wait(wait_s):
            wait_s = self._every_s
            try:
                self._keep()
            except Exception as error:  # noqa: BLE001 (one reading must not end the others)
                _log.warning("a reading of the platform is missing", reason=str(error))
