"""The fleet in a few numbers, asked at most once a second however many look at it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from app.api import words
from infra.clickhouse import ClickHouse
from infra.reads import summary as counts
from infra.reads.fleet import clock_ms

_KEEP_S = 1.0


@dataclass(frozen=True)
class FleetSummary:
    """Counts of the fleet. Money is what the active alerts expect to lose within 30 days.

    `need_you`: vehicles with an active risk alert; `new_today`: of these, opened in the last 24 h;
    `failures`, `warned`: of the last 90 days; `data_ms`: event time of the newest score, 0 without.
    """

    vehicles: int
    need_you: int
    unattended: int
    new_today: int
    by_severity: dict[str, int]
    at_stake: float
    currency: str
    silent: int
    silent_since_ms: int
    failures: int
    warned: int
    warned_days: float | None
    data_ms: int
    now_ms: int


@dataclass
class SummaryCache:
    """Keeps the newest summary for a second."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _asked: float = float("-inf")
    _found: FleetSummary | None = None

    def get(self, ask: Callable[[], FleetSummary]) -> FleetSummary:
        """The summary, at most a second old."""
        with self._lock:
            if self._found is None or time.monotonic() - self._asked > _KEEP_S:
                self._found = ask()
                self._asked = time.monotonic()
            return self._found


def summarise(store: ClickHouse, tenant: str, now_ms: int) -> FleetSummary:
    """The summary at this time of the fleet's clock."""
    severities = counts.severity_counts(store, tenant, now_ms)
    silent, since = counts.silent_count(store, tenant, words.policy(now_ms))
    warned = counts.warned_count(store, tenant, now_ms)
    profiles = counts.profiles(store, tenant)
    return FleetSummary(
        vehicles=counts.vehicle_count(store, tenant),
        need_you=sum(one.vehicles for one in severities),
        unattended=sum(one.unattended for one in severities),
        new_today=sum(one.newest_day for one in severities),
        by_severity={one.severity: one.vehicles for one in severities},
        at_stake=sum(one.at_stake for one in severities),
        currency=words.currency_of(profiles[0] if profiles else ""),
        silent=silent,
        silent_since_ms=since,
        failures=warned.failures,
        warned=warned.warned,
        warned_days=warned.median_days,
        data_ms=clock_ms(store, tenant),
        now_ms=now_ms,
    )
