"""Frames of a vehicle while its traction battery was charged."""

from dataclasses import dataclass

import numpy as np

from contracts.batches import Doubles, Ints
from infra.reads.questions import Question, Rows

_EITHER_END = 20_000
"""Oldest and newest frames that are read: weeks of charging, a few dozen charges, at either end."""
_LEAST_AMPS = 0.5


@dataclass(frozen=True)
class Charging:
    """`volts` and `amps` at the battery [n], means of frames at `time_ms` [n], oldest first."""

    time_ms: Ints
    volts: Doubles
    amps: Doubles


def charging(
    vehicle: tuple[str, str, str], places: tuple[int, int], signals: int, part: str
) -> Question[Charging]:
    """Frames of (tenant, profile, vehicle id) under charging current since the battery, `part`,
    was replaced; `places` of voltage and current among the profile's `signals`.
    """
    tenant, profile, vehicle_id = vehicle
    either_end = """
        SELECT toUnixTimestamp64Milli(time) AS t, mean[%(voltage)s] AS volts,
            mean[%(current)s] AS amps
        FROM summaries FINAL
        WHERE tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id = %(vehicle)s
            AND length(mean) = %(signals)s AND count[%(voltage)s] > 0 AND amps > %(least)s
            AND time >= (
                SELECT max(time) FROM events FINAL
                WHERE tenant = %(tenant)s AND profile = %(profile)s
                    AND vehicle_id = %(vehicle)s AND kind = 'replacement' AND code = %(part)s)
        ORDER BY time {order} LIMIT %(limit)s
    """
    return Question(
        f"SELECT DISTINCT t, volts, amps FROM (({either_end.format(order='')}) UNION ALL "  # noqa: S608 (ours)
        f"({either_end.format(order='DESC')})) ORDER BY t",
        {
            "tenant": tenant,
            "profile": profile,
            "vehicle": vehicle_id,
            "part": part,
            "voltage": places[0] + 1,
            "current": places[1] + 1,
            "signals": signals,
            "least": _LEAST_AMPS,
            "limit": _EITHER_END,
        },
        _read,
    )


def _read(rows: Rows) -> Charging:
    times, volts, amps = np.array(rows, np.float64).reshape(-1, 3).T
    return Charging(times.astype(np.int64), volts, amps)
