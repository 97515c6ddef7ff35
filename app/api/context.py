"""What every route needs: settings, the store, the models, the publisher, the clock."""

import time
from collections.abc import Callable, Hashable
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from app.access.caller import Caller, local
from app.alerting.models import Models
from app.api.answers import Answers
from app.api.champions import ChampionOf, no_champion
from app.api.publisher import Publisher, Signed
from app.api.summary import FleetSummary, summarise
from app.champion import NoModels
from app.profiles import known_profiles
from app.settings import Settings
from infra.clickhouse import ClickHouse
from infra.reads.fleet import clock_ms
from infra.vins import shown

T = TypeVar("T")
PATIENCE_S = 2.0
"""How long a page waits for a store that is away before it says so."""
_LIVE_MS = 3_600_000


def wall_ms() -> int:
    """Now, Unix milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass
class Lines:
    """One API process's lines to store and broker. Each is opened when first asked for, so that the
    API can start before them.
    """

    settings: Settings

    @cached_property
    def store(self) -> ClickHouse:
        """The store's client. Raises UnavailableError while the embedded one isn't running."""
        return ClickHouse(self.settings.store(), PATIENCE_S)

    @cached_property
    def publisher(self) -> Publisher:
        """Where commands and events go."""
        return Publisher(self.settings.broker)

    def close(self) -> None:
        """Close what was opened."""
        if "publisher" in self.__dict__:
            self.publisher.close()


@dataclass
class Context:
    """The wiring of one API process, as seen by `caller`: all that he reads and writes is of his
    tenant. Without a caller it is the installation's own tenant. `models` are asked for reasons.
    """

    settings: Settings
    champion_of: ChampionOf = no_champion
    wall_ms: Callable[[], int] = field(default=wall_ms)
    models: Models = field(default_factory=lambda: Models(NoModels(), known_profiles()))
    answers: Answers = field(default_factory=Answers)
    caller: Caller | None = None
    lines: Lines = field(init=False)

    def __post_init__(self) -> None:
        self.lines = Lines(self.settings)

    def seen_by(self, caller: Caller) -> "Context":
        """The same wiring for this caller."""
        seen = copy(self)
        seen.caller = caller
        return seen

    @property
    def who(self) -> Caller:
        """Who asks."""
        return self.caller or local(self.settings.tenant)

    @property
    def store(self) -> ClickHouse:
        """The store's client. Raises UnavailableError while the embedded one isn't running."""
        return self.lines.store

    def vin(self, end: str, sealed: str) -> str:
        """A VIN as the caller may read it: whole, or "…" and its last four."""
        whole = self.store.vins.opened(self.tenant, sealed) if self.who.reads_vins else ""
        return whole or shown(end)

    @property
    def publisher(self) -> Signed:
        """Where commands and findings go, in the caller's name and tenant only."""
        return Signed(self.lines.publisher, self.who)

    @property
    def tenant(self) -> str:
        """The tenant whose fleet is shown."""
        return self.who.tenant

    def now_ms(self) -> int:
        """The fleet's clock: the wall's, or the newest score's event time where a replay runs in
        the past. Silence and commands are dated by it: a date far ahead of a vehicle's data would
        outrank all that comes after.
        """
        now = self.wall_ms()
        newest = self.answers.clock.get(self.tenant, lambda: clock_ms(self.store, self.tenant))
        return newest if 0 < newest < now - _LIVE_MS else now

    def summary(self, keep_s: float | None = None) -> FleetSummary:
        """The fleet in a few numbers; `keep_s` as for `Kept.get`."""
        return self.answers.summary.get(
            self.tenant, lambda: summarise(self.store, self.tenant, self.now_ms()), keep_s
        )

    def look(self, key: Hashable, ask: Callable[[], T]) -> T:
        """What `ask` answers, for all readers of the tenant who look for `key` just then."""
        return self.answers.looks.get(self.tenant, key, ask)

    def close(self) -> None:
        """Close what was opened."""
        self.lines.close()


def _context(request: Request) -> Context:
    found: Context = request.app.state.context
    return found.seen_by(request.state.caller)


Wired = Annotated[Context, Depends(_context)]
"""The parameter type by which a route asks for the context."""
