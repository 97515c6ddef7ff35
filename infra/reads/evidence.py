"""What a score was made of, as stored: the feature row, the frames before it, the fault codes."""

from dataclasses import dataclass

import numpy as np

from contracts.batches import Floats
from infra.arrow_rows import matrix
from infra.clickhouse import ClickHouse

MAX_FRAMES = 400


@dataclass(frozen=True)
class FeatureRow:
    """One feature vector as scored, with the names of its columns."""

    names: tuple[str, ...]
    values: Floats


def feature_row(
    store: ClickHouse, vehicle: tuple[str, str, str], time_ms: int
) -> FeatureRow | None:
    """The row of (tenant, profile, vehicle id) that was scored at this time, None without one."""
    tenant, profile, vehicle_id = vehicle
    rows = store.rows(
        """
        SELECT n.names, f.values FROM (
            SELECT names_id, values, trigger FROM features FINAL
            WHERE tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id = %(vehicle)s
                AND time = fromUnixTimestamp64Milli(%(time)s)
        ) AS f INNER JOIN (SELECT names_id, names FROM feature_names FINAL) AS n USING (names_id)
        ORDER BY f.trigger LIMIT 1
        """,
        tenant=tenant,
        profile=profile,
        vehicle=vehicle_id,
        time=time_ms,
    )
    if not rows:
        return None
    names, values = rows[0]
    return FeatureRow(tuple(names), np.asarray(values, np.float32))


def means_between(
    store: ClickHouse, vehicle: tuple[str, str, str], since_ms: int, until_ms: int, signals: int
) -> Floats:
    """Means of all signals [frames, signals] in a span (both ends included), the newest 400."""
    tenant, profile, vehicle_id = vehicle
    table = store.arrow(
        """
        SELECT mean FROM summaries FINAL
        WHERE tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id = %(vehicle)s
            AND time >= fromUnixTimestamp64Milli(%(since)s)
            AND time <= fromUnixTimestamp64Milli(%(until)s) AND length(mean) = %(signals)s
        ORDER BY time DESC LIMIT %(limit)s
        """,
        tenant=tenant,
        profile=profile,
        vehicle=vehicle_id,
        since=since_ms,
        until=until_ms,
        signals=signals,
        limit=MAX_FRAMES,
    )
    return matrix(table.column("mean"), signals)


def fault_codes_between(
    store: ClickHouse, vehicle: tuple[str, str, str], since_ms: int, until_ms: int
) -> dict[str, list[int]]:
    """Times at which each fault code came in a span (both ends included), newest first."""
    tenant, profile, vehicle_id = vehicle
    rows = store.rows(
        """
        SELECT code, toUnixTimestamp64Milli(time) FROM events FINAL
        WHERE tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id = %(vehicle)s
            AND kind = 'fault_code' AND time >= fromUnixTimestamp64Milli(%(since)s)
            AND time <= fromUnixTimestamp64Milli(%(until)s)
        ORDER BY time DESC, code LIMIT 1000
        """,
        tenant=tenant,
        profile=profile,
        vehicle=vehicle_id,
        since=since_ms,
        until=until_ms,
    )
    found: dict[str, list[int]] = {}
    for code, time_ms in rows:
        found.setdefault(code, []).append(int(time_ms))
    return found


def risk_at(
    store: ClickHouse, vehicle: tuple[str, str, str], time_ms: int
) -> tuple[str, float] | None:
    """The mode with the highest 30-day risk in the score at this time, and that risk."""
    tenant, profile, vehicle_id = vehicle
    rows = store.rows(
        """
        SELECT modes[indexOf(risk_30, arrayMax(risk_30))], arrayMax(risk_30) FROM risk FINAL
        WHERE tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id = %(vehicle)s
            AND time = fromUnixTimestamp64Milli(%(time)s) AND length(modes) > 0
        """,
        tenant=tenant,
        profile=profile,
        vehicle=vehicle_id,
        time=time_ms,
    )
    return (str(rows[0][0]), float(rows[0][1])) if rows else None
