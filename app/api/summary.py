"""The fleet in a few numbers."""

from dataclasses import dataclass

from app.api import words
from infra.clickhouse import ClickHouse
from infra.reads import summary as counts


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
