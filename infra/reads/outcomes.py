"""What became of alerts: what the workshop found, and which failures were announced."""

from dataclasses import dataclass

from infra.clickhouse import ClickHouse
from infra.reads.fleet import DAY_MS
from infra.reads.summary import WARNED_DAYS


@dataclass(frozen=True)
class OutcomeCount:
    """Alerts of one failure mode that were closed with this outcome on one day (`day_ms`: its
    start, UTC).
    """

    day_ms: int
    profile: str
    mode: str
    outcome: str
    alerts: int


@dataclass(frozen=True)
class Announced:
    """A failure, and the first alert before it that spoke of the part; 0 and "" without one."""

    vehicle_id: str
    profile: str
    mode: str
    failed_ms: int
    opened_ms: int
    alert_id: str


def outcome_counts(store: ClickHouse, tenant: str) -> list[OutcomeCount]:
    """Every closed risk alert that somebody gave an outcome, counted by day."""
    rows = store.rows(
        """
        SELECT intDiv(JSONExtractInt(body, 'resolved_ms'), %(day)s) * %(day)s AS at,
            profile, mode, JSONExtractString(body, 'outcome') AS found, count()
        FROM alerts FINAL
        WHERE tenant = %(tenant)s AND state = 'resolved' AND condition = 'risk' AND found != ''
        GROUP BY at, profile, mode, found ORDER BY at, profile, mode, found
        """,
        tenant=tenant,
        day=DAY_MS,
    )
    return [
        OutcomeCount(int(at), profile, mode, found, int(count))
        for at, profile, mode, found, count in rows
    ]


def announced_failures(
    store: ClickHouse, tenant: str, now_ms: int, limit: int = 200
) -> list[Announced]:
    """The failures of the last 90 days, the newest first."""
    rows = store.rows(
        """
        WITH a.known = 1 AND a.opened < f.failed AND a.opened >= f.failed - %(span)s AS fits
        SELECT f.vehicle_id, f.profile, f.mode, f.failed,
            minIf(a.opened, fits), argMinIf(a.alert_id, a.opened, fits)
        FROM (
            SELECT vehicle_id, profile, code AS mode, toUnixTimestamp64Milli(time) AS failed
            FROM events FINAL
            WHERE tenant = %(tenant)s AND kind = 'failure'
                AND time >= fromUnixTimestamp64Milli(%(since)s)
        ) AS f LEFT JOIN (
            SELECT vehicle_id, mode, alert_id, toUnixTimestamp64Milli(opened) AS opened,
                1 AS known
            FROM alerts FINAL WHERE tenant = %(tenant)s AND condition = 'risk'
        ) AS a USING (vehicle_id, mode)
        GROUP BY f.vehicle_id, f.profile, f.mode, f.failed ORDER BY f.failed DESC LIMIT %(limit)s
        """,
        tenant=tenant,
        since=max(0, now_ms - WARNED_DAYS * DAY_MS),
        span=WARNED_DAYS * DAY_MS,
        limit=limit,
    )
    return [
        Announced(vehicle, profile, mode, int(failed), int(first), alert)
        for vehicle, profile, mode, failed, first, alert in rows
    ]
