"""One vehicle: who it is, its current risk and how its risk went."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.clickhouse import ClickHouse
from infra.reads.fleet import finite
from infra.reads.questions import Question, Rows, ask, ask_together


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
WHERE tenant = %(tenant)s AND {named}
"""
# Two may have borne a plate, one after the other; an id is one row's key.
_CALLED = """((vin_hash = %(vin)s AND vin_hash != '') OR upperUTF8(plate) = upperUTF8(%(key)s))
ORDER BY time DESC LIMIT 1
"""
_HEARD_IN = ("current_risk", "summaries", "events", "alerts")
"""Where a vehicle is that sends data but was never registered."""


def find_vehicle(store: ClickHouse, tenant: str, key: str) -> Registration | None:
    """The vehicle with this id, VIN or plate (letters' case doesn't matter), or None."""
    if not key:
        return None
    return ask(store, registration(tenant, key)) or known_otherwise(store, tenant, key)


def registration(tenant: str, vehicle_id: str) -> Question[Registration | None]:
    """The vehicle registered under this id: found through the index."""
    sql = _REGISTERED.format(named="vehicle_id = %(key)s")
    return Question(sql, {"tenant": tenant, "key": vehicle_id}, _registration)


def known_otherwise(store: ClickHouse, tenant: str, key: str) -> Registration | None:
    """The vehicle with this VIN or plate, else one that sends data under this id but was never
    registered, or None. All vehicles are looked at.
    """
    given = {"tenant": tenant, "key": key, "vin": store.vins.hashed(tenant, key)}
    called = ask(store, Question(_REGISTERED.format(named=_CALLED), given, _registration))
    if called:
        return called
    profiles = ask_together(store, *(_heard_in(table, tenant, key) for table in _HEARD_IN))
    profile = next((one for one in profiles if one is not None), None)
    return None if profile is None else Registration(key, profile, "", "", "", "", "")


def _registration(rows: Rows) -> Registration | None:
    return Registration(*rows[0]) if rows else None


def _heard_in(table: str, tenant: str, vehicle_id: str) -> Question[str | None]:
    return Question(
        f"SELECT profile FROM {table} "  # noqa: S608 (table of ours)
        "WHERE tenant = %(tenant)s AND vehicle_id = %(key)s LIMIT 1",
        {"tenant": tenant, "key": vehicle_id},
        lambda rows: str(rows[0][0]) if rows else None,
    )


def current_risk(tenant: str, vehicle_id: str) -> Question[list[CurrentRisk]]:
    """Every mode's newest score, highest 30-day risk first."""
    return Question(
        """
        SELECT modes, risk_7, risk_30, risk_90, rul, rul_low, rul_high,
            toUnixTimestamp64Milli(time) AS at, model
        FROM current_risk FINAL WHERE tenant = %(tenant)s AND vehicle_id = %(vehicle)s
        """,
        {"tenant": tenant, "vehicle": vehicle_id},
        _highest_first,
    )


def _highest_first(rows: Rows) -> list[CurrentRisk]:
    found = []
    for modes, r7, r30, r90, rul, low, high, *scored in rows:
        life = finite(rul), finite(low), finite(high)
        found += [
            CurrentRisk(*one, *life, *scored) for one in zip(modes, r7, r30, r90, strict=True)
        ]
    return sorted(found, key=lambda one: (-one.risk_30, one.mode))


def newest_scores(store: ClickHouse, tenant: str, vehicles: Sequence[str]) -> dict[str, int]:
    """Event time of the newest score of each of these vehicles that has one."""
    if not vehicles:
        return {}
    rows = store.rows(
        "SELECT vehicle_id, toUnixTimestamp64Milli(max(time)) FROM current_risk "
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
            PREWHERE tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id = %(vehicle)s
                AND time >= fromUnixTimestamp64Milli(%(since)s)
            WHERE at > 0
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
    tenant: str, vehicles: Sequence[tuple[str, str, str]], since_ms: int
) -> Question[dict[str, list[float]]]:
    """30-day risk a day from `since_ms` on, by vehicle; `vehicles` are (profile, id, mode)."""
    modes = {vehicle: mode for _, vehicle, mode in vehicles}
    return Question(
        # A version of a row has the key of all others, so what is asked of the key may go first.
        """
        SELECT vehicle_id, intDiv(toUnixTimestamp64Milli(time), 86400000) AS day,
            risk_30[indexOf(modes, transform(vehicle_id, %(ids)s, %(wanted)s, ''))] AS value
        FROM risk FINAL
        PREWHERE tenant = %(tenant)s AND profile IN %(profiles)s AND vehicle_id IN %(ids)s
            AND time >= fromUnixTimestamp64Milli(%(since)s)
        ORDER BY vehicle_id, time DESC LIMIT 1 BY vehicle_id, day
        """,
        {
            "tenant": tenant,
            "profiles": sorted({profile for profile, _, _ in vehicles}) or [""],
            "ids": list(modes) or [""],
            "wanted": list(modes.values()) or [""],
            "since": since_ms,
        },
        _by_vehicle,
    )


def _by_vehicle(rows: Rows) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for vehicle, _, value in reversed(rows):
        found.setdefault(vehicle, []).append(float(value))
    return found
