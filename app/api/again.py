"""A thread that does something again and again, beside the requests."""

import threading
from collections.abc import Callable

import structlog

_log = structlog.get_logger(__name__)


class Again:
    """Does `work` every `every_s` seconds, the first time after `first_s`, until it is closed.

    What fails is logged and tried again the next time.
    """

    def __init__(
        self, name: str, work: Callable[[], object], every_s: float, first_s: float = 0.0
    ) -> None:
        self._name, self._work = name, work
        self._every_s, self._first_s = every_s, first_s
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop; what is being done is waited for."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        wait_s = self._first_s
        while not self._closed.wait(wait_s):
            wait_s = self._every_s
            try:
                self._work()
            except Exception as error:  # noqa: BLE001 (one failure must not end what comes after)
                _log.warning(f"{self._name}: failed, tried again later", reason=str(error))
