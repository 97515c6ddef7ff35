"""The fleet in a few numbers."""

from dataclasses import dataclass

from app.api import words
from infra.clickhouse import ClickHouse
from infra.reads import summary as counts


@dataclass(frozen=True)
class FleetSummary:
    """Counts of the fleet. Money is what the standing alerts expect to lose within 30 days, those
    aside that follow from another or are silenced.

    `need_you`: vehicles with an alert that asks for somebody (open, neither watched, snoozed nor
    silenced), by the worst of these in `by_severity`; `new_today`: of these, opened in the last
    24 h; `failures`, `warned`: of the last 90 days, `warned_by_day`: how many of the latter had
    come by the end of each of the last 30 days and now; `data_ms`: event time of the newest score,
    0 without.
    """

    vehicles: int
    need_you: int
    new_today: int
    by_severity: dict[str, int]
    at_stake: float
    currency: str
    silent: int
    silent_since_ms: int
    failures: int
    warned: int
    warned_days: float | None
    warned_by_day: list[int]
    data_ms: int
    now_ms: int


def summarise(store: ClickHouse, tenant: str, now_ms: int) -> FleetSummary:
    """The summary at this time of the fleet's clock."""
    found = counts.all_counts(store, tenant, words.policy(now_ms))
    asking, vehicles, warned = found.asking, found.vehicles, found.warned
    return FleetSummary(
        vehicles=vehicles.vehicles,
        need_you=asking.critical + asking.soon,
        new_today=asking.newest_day,
        by_severity={"critical": asking.critical, "soon": asking.soon},
        at_stake=asking.at_stake,
        currency=words.currency_of(found.profiles[0] if found.profiles else ""),
        silent=vehicles.silent,
        silent_since_ms=vehicles.silent_since_ms,
        failures=warned.failures,
        warned=warned.warned,
        warned_days=warned.median_days,
        warned_by_day=warned.by_day,
        data_ms=vehicles.newest_ms,
        now_ms=now_ms,
    )
