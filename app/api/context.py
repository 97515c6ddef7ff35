"""What every route needs: settings, the store, the champions, the publisher, the clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated

from fastapi import Depends, Request

from app.api.answers import Answers
from app.api.champions import ChampionOf, no_champion
from app.api.publisher import Publisher
from app.api.summary import KEEP_S, FleetSummary, SummaryCache, summarise
from app.settings import Settings
from infra.clickhouse import ClickHouse
from infra.reads.fleet import clock_ms

PATIENCE_S = 2.0
"""How long a page waits for a store that is away before it says so."""
_LIVE_MS = 3_600_000


def wall_ms() -> int:
    """Now, Unix milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass
class Context:
    """The wiring of one API process. The store is opened when first asked, so that the API can
    start before it.
    """

    settings: Settings
    champion_of: ChampionOf = no_champion
    wall_ms: Callable[[], int] = field(default=wall_ms)
    summaries: SummaryCache = field(default_factory=SummaryCache)
    answers: Answers = field(default_factory=Answers)

    @cached_property
    def store(self) -> ClickHouse:
        """The store's client. Raises UnavailableError while the embedded one isn't running."""
        return ClickHouse(self.settings.store(), PATIENCE_S)

    @cached_property
    def publisher(self) -> Publisher:
        """Where commands and findings go."""
        return Publisher(self.settings.broker)

    @property
    def tenant(self) -> str:
        """The tenant whose fleet is shown."""
        return self.settings.tenant

    def now_ms(self) -> int:
        """The fleet's clock: the wall's, or the newest score's event time where a replay runs in
        the past. Silence and commands are dated by it: a date far ahead of a vehicle's data would
        outrank all that comes after.
        """
        now, newest = self.wall_ms(), clock_ms(self.store, self.tenant)
        return newest if 0 < newest < now - _LIVE_MS else now

    def summary(self, keep_s: float = KEEP_S) -> FleetSummary:
        """The fleet in a few numbers, at most `keep_s` old."""
        return self.summaries.get(lambda: summarise(self.store, self.tenant, self.now_ms()), keep_s)

    def close(self) -> None:
        """Close what was opened."""
        if "publisher" in self.__dict__:
            self.publisher.close()


def _context(request: Request) -> Context:
    found: Context = request.app.state.context
    return found


Wired = Annotated[Context, Depends(_context)]
"""The parameter type by which a route asks for the context."""
