"""One vehicle: who it is, its current risk and how its risk went."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.clickhouse import ClickHouse
from infra.reads.fleet import finite


@dataclass(frozen=True)
class Registration:
    """A vehicle as registered; empty text where it never was. Of its VIN the last four, and the
    whole as it is sealed.
    """

    vehicle_id: str
    profile: str
    vin_last4: str
    vin_sealed: str
    plate: str
    model: str
    depot: str


@dataclass(frozen=True)
class CurrentRisk:
    """The newest score of one failure mode; RUL in the profile's unit, None where it has none."""

    mode: str
    risk_7: float
    risk_30: float
    risk_90: float
    rul: float | None
    rul_low: float | None
    rul_high: float | None
    time_ms: int
    model: str


@dataclass(frozen=True)
class RiskPoint:
    """Risk of one mode at a time."""

    time_ms: int
    risk_7: float
    risk_30: float
    risk_90: float


_REGISTERED = """
SELECT vehicle_id, profile, vin_last4, vin_sealed, plate, model, depot FROM vehicles FINAL
WHERE tenant = %(tenant)s AND {named} ORDER BY time DESC LIMIT 1
"""
_NAMED = (
    "vehicle_id = %(key)s",
    "((vin_hash = %(vin)s AND vin_hash != '') OR upperUTF8(plate) = upperUTF8(%(key)s))",
)
"""By its id a vehicle is found through the index; only for other names all are looked at."""


def find_vehicle(store: ClickHouse, tenant: str, key: str) -> Registration | None:
    """The vehicle with this id, VIN or plate (letters' case doesn't matter), or None."""
    if not key:
        return None
    given = {"tenant": tenant, "key": key, "vin": store.vins.hashed(tenant, key)}
    for named in _NAMED:
        rows = store.rows(_REGISTERED.format(named=named), **given)
        if rows:
            return Registration(*rows[0])
    return _unregistered(store, tenant, key)


def _unregistered(store: ClickHouse, tenant: str, key: str) -> Registration | None:
    """A vehicle that sends data but was never registered."""
    for table in ("risk_current", "summaries", "events", "alerts"):
        rows = store.rows(
            f"SELECT profile FROM {table} "  # noqa: S608 (table of ours)
            "WHERE tenant = %(tenant)s AND vehicle_id = %(key)s LIMIT 1",
            tenant=tenant,
            key=key,
        )
        if rows:
            return Registration(key, rows[0][0], "", "", "", "", "")
    return None


def current_risk(store: ClickHouse, tenant: str, vehicle_id: str) -> list[CurrentRisk]:
    """Every mode's newest score, highest 30-day risk first."""
    rows = store.rows(
        """
        SELECT mode, risk_7, risk_30, risk_90, rul, rul_low, rul_high,
            toUnixTimestamp64Milli(time), model
        FROM risk_current FINAL WHERE tenant = %(tenant)s AND vehicle_id = %(vehicle)s
        ORDER BY risk_30 DESC, mode
        """,
        tenant=tenant,
        vehicle=vehicle_id,
    )
    return [
        CurrentRisk(mode, r7, r30, r90, finite(rul), finite(low), finite(high), time_ms, model)
        for mode, r7, r30, r90, rul, low, high, time_ms, model in rows
    ]


def newest_scores(store: ClickHouse, tenant: str, vehicles: Sequence[str]) -> dict[str, int]:
    """Event time of the newest score of each of these vehicles that has one."""
    if not vehicles:
        return {}
    rows = store.rows(
        "SELECT vehicle_id, toUnixTimestamp64Milli(max(time)) FROM risk_current "
        "WHERE tenant = %(tenant)s AND vehicle_id IN %(ids)s GROUP BY vehicle_id",
        tenant=tenant,
        ids=list(vehicles),
    )
    return {vehicle: int(time_ms) for vehicle, time_ms in rows}


def risk_history(
    store: ClickHouse, vehicle: tuple[str, str, str], mode: str, since_ms: int, points: int
) -> list[RiskPoint]:
    """Risk of `mode` from `since_ms` on, at most `points`, the newest score of each stretch.

    `vehicle` is (tenant, profile, vehicle id).
    """
    tenant, profile, vehicle_id = vehicle
    rows = store.rows(
        """
        SELECT max(t), argMax(r7, t), argMax(r30, t), argMax(r90, t) FROM (
            SELECT toUnixTimestamp64Milli(time) AS t, indexOf(modes, %(mode)s) AS at,
                risk_7[at] AS r7, risk_30[at] AS r30, risk_90[at] AS r90,
                ntile(%(points)s) OVER (ORDER BY time) AS stretch
            FROM risk FINAL
            WHERE tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id = %(vehicle)s
                AND time >= fromUnixTimestamp64Milli(%(since)s) AND at > 0
        ) GROUP BY stretch ORDER BY stretch
        """,
        tenant=tenant,
        profile=profile,
        vehicle=vehicle_id,
        mode=mode,
        since=since_ms,
        points=points,
    )
    return [RiskPoint(*row) for row in rows]


def daily_risk(
    store: ClickHouse, tenant: str, vehicles: Sequence[tuple[str, str, str]], since_ms: int
) -> dict[str, list[float]]:
    """30-day risk a day from `since_ms` on, by vehicle; `vehicles` are (profile, id, mode)."""
    found: dict[str, list[float]] = {}
    if not vehicles:
        return found
    modes = {vehicle: mode for _, vehicle, mode in vehicles}
    rows = store.rows(
        """
        SELECT vehicle_id, intDiv(toUnixTimestamp64Milli(time), 86400000) AS day,
            risk_30[indexOf(modes, transform(vehicle_id, %(ids)s, %(wanted)s, ''))] AS value
        FROM risk FINAL
        WHERE tenant = %(tenant)s AND profile IN %(profiles)s AND vehicle_id IN %(ids)s
            AND time >= fromUnixTimestamp64Milli(%(since)s)
        ORDER BY vehicle_id, time DESC LIMIT 1 BY vehicle_id, day
        """,
        tenant=tenant,
        profiles=sorted({profile for profile, _, _ in vehicles}),
        ids=list(modes),
        wanted=list(modes.values()),
        since=since_ms,
    )
    for vehicle, _, value in reversed(rows):
        found.setdefault(vehicle, []).append(float(value))
    return found


def last_seen_ms(store: ClickHouse, vehicle: tuple[str, str, str]) -> int:
    """Event time of the newest frame of (tenant, profile, vehicle id), 0 without any."""
    tenant, profile, vehicle_id = vehicle
    rows = store.rows(
        "SELECT toUnixTimestamp64Milli(max(time)) FROM summaries WHERE tenant = %(tenant)s "
        "AND profile = %(profile)s AND vehicle_id = %(vehicle)s",
        tenant=tenant,
        profile=profile,
        vehicle=vehicle_id,
    )
    return int(rows[0][0])
