"""Which signals a vehicle sends, and how its parts' risk went."""

from dataclasses import dataclass

from infra.clickhouse import ClickHouse
from infra.reads.fleet import DAY_MS

_RECENT = 50
"""Newest frames that are looked at."""


@dataclass(frozen=True)
class Reporting:
    """The share of the newest frames that held each signal, in the profile's order; `frames` were
    looked at, `last_day` came within 24 h of the newest.
    """

    shares: list[float]
    frames: int
    last_day: int


def reporting(store: ClickHouse, vehicle: tuple[str, str, str], signals: int) -> Reporting:
    """What (tenant, profile, vehicle id) sends of the `signals` of its profile."""
    tenant, profile, vehicle_id = vehicle
    given = {"tenant": tenant, "profile": profile, "vehicle": vehicle_id}
    rows = store.rows(
        """
        SELECT sumForEach(arrayMap(one -> one > 0, count)) AS held, count() FROM (
            SELECT count FROM summaries
            WHERE tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id = %(vehicle)s
                AND length(count) = %(signals)s
            ORDER BY time DESC LIMIT %(recent)s)
        """,
        **given,
        signals=signals,
        recent=_RECENT,
    )
    held, frames = rows[0]
    day = store.rows(
        """
        SELECT uniqExact(time) FROM summaries
        WHERE tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id = %(vehicle)s
            AND time > (SELECT max(time) FROM summaries WHERE tenant = %(tenant)s
                AND profile = %(profile)s AND vehicle_id = %(vehicle)s) - INTERVAL 1 DAY
        """,
        **given,
    )
    shares = [float(one) / frames for one in held] if frames else []
    return Reporting(shares, int(frames), int(day[0][0]))


def risk_trends(
    store: ClickHouse, vehicle: tuple[str, str, str], since_ms: int
) -> dict[str, list[float]]:
    """30-day risk a day by mode, from `since_ms` on, oldest first."""
    tenant, profile, vehicle_id = vehicle
    rows = store.rows(
        """
        SELECT modes, risk_30 FROM risk FINAL
        WHERE tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id = %(vehicle)s
            AND time >= fromUnixTimestamp64Milli(%(since)s)
        ORDER BY time DESC LIMIT 1 BY intDiv(toUnixTimestamp64Milli(time), %(day)s)
        """,
        tenant=tenant,
        profile=profile,
        vehicle=vehicle_id,
        since=since_ms,
        day=DAY_MS,
    )
    found: dict[str, list[float]] = {}
    for modes, risks in reversed(rows):
        for mode, risk in zip(modes, risks, strict=True):
            found.setdefault(mode, []).append(float(risk))
    return found
