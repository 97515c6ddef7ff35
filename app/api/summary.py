"""The fleet in a few numbers, asked about once a second however many look at it."""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from app.api import words
from contracts.errors import TelltaleError
from infra.clickhouse import ClickHouse
from infra.reads import summary as counts

_FRESH_S = 1.0
KEEP_S = 10.0


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
    """Keeps the newest summary, so that a page need not wait for one.

    One that is a second old is asked anew behind the reader's back; above ten seconds he waits.
    """

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _asked: float = float("-inf")
    _found: FleetSummary | None = None

    def get(self, ask: Callable[[], FleetSummary], keep_s: float = KEEP_S) -> FleetSummary:
        """The summary, at most `keep_s` old."""
        found, age = self._found, time.monotonic() - self._asked
        if found is None or age > keep_s:
            return self._ask(ask)
        if age > _FRESH_S and not self._lock.locked():
            threading.Thread(target=self._ask_quietly, args=(ask,), daemon=True).start()
        return found

    def _ask(self, ask: Callable[[], FleetSummary]) -> FleetSummary:
        began = time.monotonic()
        with self._lock:
            if self._found is None or self._asked < began:
                self._found = ask()
                self._asked = time.monotonic()
            return self._found

    def _ask_quietly(self, ask: Callable[[], FleetSummary]) -> None:
        # A store that is away is told to the next who has to wait.
        with contextlib.suppress(TelltaleError):
            self._ask(ask)


def summarise(store: ClickHouse, tenant: str, now_ms: int) -> FleetSummary:
    """The summary at this time of the fleet's clock."""
    found = counts.all_counts(store, tenant, words.policy(now_ms))
    severities, vehicles, warned = found.severities, found.vehicles, found.warned
    return FleetSummary(
        vehicles=vehicles.vehicles,
        need_you=sum(one.vehicles for one in severities),
        unattended=sum(one.unattended for one in severities),
        new_today=sum(one.newest_day for one in severities),
        by_severity={one.severity: one.vehicles for one in severities},
        at_stake=sum(one.at_stake for one in severities),
        currency=words.currency_of(found.profiles[0] if found.profiles else ""),
        silent=vehicles.silent,
        silent_since_ms=vehicles.silent_since_ms,
        failures=warned.failures,
        warned=warned.warned,
        warned_days=warned.median_days,
        data_ms=vehicles.newest_ms,
        now_ms=now_ms,
    )
