"""Starts services in order, keeps them running, stops them in reverse; and chores by the clock."""

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
_CALM_S = 60.0
"""Chores wait until the services have found their feet."""

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


@dataclass
class Chore:
    """Something short that is started again and again, one at a time; `next_s` by the clock. One
    that fails has its say in the log and comes again in its turn.
    """

    name: str
    every_s: float
    start: Callable[[], Child]
    child: Child | None = None
    next_s: float = 0.0


class Supervisor:
    """Runs services until told to stop; one that ends is started again, a few times a minute."""

    def __init__(
        self,
        services: Sequence[Service],
        announce: Callable[[str], None],
        chores: Sequence[Chore] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._services, self._chores = list(services), list(chores)
        self._announce, self._clock = announce, clock

    def start(self) -> None:
        """Start all, in order. Raises UnavailableError; what was started is stopped then."""
        try:
            for service in self._services:
                service.child = service.start()
                self._announce(f"{service.name} is ready")
        except BaseException:
            self.stop()
            raise
        for chore in self._chores:
            chore.next_s = self._clock() + _CALM_S

    def run(self) -> NoReturn:
        """Watch until interrupted. Raises UnavailableError when one keeps ending."""
        while True:
            self.look()
            time.sleep(_POLL_S)

    def look(self) -> None:
        """Start again what has ended, and the chores whose time has come. Raises UnavailableError
        when a service keeps ending.
        """
        for service in self._services:
            if service.child and service.child.exit_code is not None:
                self._restart(service, service.child)
        for chore in self._chores:
            self._turn(chore)

    def stop(self) -> None:
        """Stop all, the last started first."""
        both: list[Service | Chore] = [*self._services, *self._chores]
        for one in reversed(both):
            if one.child:
                one.child.stop()
                one.child = None

    def _turn(self, chore: Chore) -> None:
        if chore.child:
            code = chore.child.exit_code
            if code is None:
                return
            if code:
                _log.warning("chore failed", chore=chore.name, reason=chore.child.last_words())
            chore.child = None
        if self._clock() >= chore.next_s:
            chore.next_s = self._clock() + chore.every_s
            chore.child = chore.start()

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
