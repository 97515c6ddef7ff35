"""Calls that must succeed: repeated until store or broker are back, however long that takes."""

import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

import structlog

from contracts.errors import UnavailableError

_FIRST_S: Final = 0.2
_LONGEST_S: Final = 2.0
"""So late at most a store or broker that is back is noticed."""

_T = TypeVar("_T")

_log = structlog.get_logger(__name__)


class Stopping(Exception):  # noqa: N818 (not an error: the worker was told to stop)
    """The worker stops while something is away; what was under way is done again later."""


class Persistence:
    """Repeats a call with growing waits. Nothing is fetched meanwhile, so nothing piles up.

    `stop` ends the waiting; `alive` is called at every try, `on_outage` once an outage.
    """

    def __init__(
        self,
        stop: threading.Event,
        alive: Callable[[], None] = lambda: None,
        on_outage: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._stop, self._alive, self._on_outage = stop, alive, on_outage

    def until_done(self, what: str, work: Callable[[], _T]) -> _T:
        """Call `work` until it doesn't raise UnavailableError; its result. Raises Stopping."""
        wait, began = _FIRST_S, 0.0
        while True:
            self._alive()
            try:
                found = work()
            except UnavailableError as error:
                if not began:
                    began = time.monotonic()
                    self._on_outage(what)
                    _log.error(f"{what} is away; waiting for it", reason=str(error))
                if self._stop.wait(wait):
                    raise Stopping(what) from error
                wait = min(2 * wait, _LONGEST_S)
            else:
                if began:
                    _log.warning(f"{what} is back", away_s=round(time.monotonic() - began, 1))
                return found
