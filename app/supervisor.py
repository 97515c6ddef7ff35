"""Starts services in order, keeps them running, stops them in reverse."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import structlog

from contracts.errors import UnavailableError
from infra.child import Child

_POLL_S = 0.25
_RESTARTS = 5
_WINDOW_S = 60.0

_log = structlog.get_logger(__name__)


@dataclass
class Service:
    """Something that runs. `start` returns when it is ready, or raises UnavailableError.

    It returns no child where it only prepares something of the user's own.
    """

    name: str
    start: Callable[[], Child | None]
    child: Child | None = None
    restarts: list[float] = field(default_factory=list)


class Supervisor:
    """Runs services until told to stop; one that ends is started again, a few times a minute."""

    def __init__(self, services: Sequence[Service], announce: Callable[[str], None]) -> None:
        self._services = list(services)
        self._announce = announce

    def start(self) -> None:
        """Start all, in order. Raises UnavailableError; what was started is stopped then."""
        try:
            for service in self._services:
                service.child = service.start()
                self._announce(f"{service.name} is ready")
        except BaseException:
            self.stop()
            raise

    def run(self) -> NoReturn:
        """Watch until interrupted. Raises UnavailableError when one keeps ending."""
        while True:
            self.look()
            time.sleep(_POLL_S)

    def look(self) -> None:
        """Start again what has ended. Raises UnavailableError when one keeps ending."""
        for service in self._services:
            if service.child and service.child.exit_code is not None:
                self._restart(service, service.child)

    def stop(self) -> None:
        """Stop all, the last started first."""
        for service in reversed(self._services):
            if service.child:
                service.child.stop()
                service.child = None

    def _restart(self, service: Service, ended: Child) -> None:
        now = time.monotonic()
        service.restarts = [at for at in service.restarts if at > now - _WINDOW_S] + [now]
        _log.warning("service ended", service=service.name, exit_code=ended.exit_code)
        if len(service.restarts) > _RESTARTS:
            msg = f"{service.name} ended {_RESTARTS} times in a minute: {ended.last_words()}"
            raise UnavailableError(msg)
        time.sleep(min(5.0, 0.2 * 2 ** len(service.restarts)))
        service.child = service.start()
        self._announce(f"{service.name} ended and was started again")
