"""Which signals a vehicle sends, and how its parts' risk went."""

from dataclasses import dataclass

from infra.reads.fleet import DAY_MS
from infra.reads.questions import Question, Rows

_RECENT = 50
"""Newest frames that are looked at."""
_MOST_A_DAY = 100_000
"""More frames of a day than one a second are not counted."""


@dataclass(frozen=True)
class Reporting:
    """The share of the newest `frames` frames that held each signal, in the profile's order."""

    shares: list[float]
    frames: int


def reporting(vehicle: tuple[str, str, str], signals: int) -> Question[Reporting]:
    """What (tenant, profile, vehicle id) sends of the `signals` of its profile."""
    tenant, profile, vehicle_id = vehicle
    return Question(
        """
        SELECT sumForEach(arrayMap(one -> one > 0, count)) AS held, count() AS frames FROM (
            SELECT count FROM summaries
            WHERE tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id = %(vehicle)s
                AND length(count) = %(signals)s
            ORDER BY time DESC LIMIT %(recent)s)
        """,
        {
            "tenant": tenant,
            "profile": profile,
            "vehicle": vehicle_id,
            "signals": signals,
            "recent": _RECENT,
        },
        _shares,
    )


def _shares(rows: Rows) -> Reporting:
    held, frames = rows[0]
    return Reporting([float(one) / frames for one in held] if frames else [], int(frames))


def heard(vehicle: tuple[str, str, str]) -> Question[tuple[int, int]]:
    """Event time of the newest frame of (tenant, profile, vehicle id), and how many came within
    24 h of it; both 0 without any.
    """
    tenant, profile, vehicle_id = vehicle
    return Question(
        """
        SELECT toUnixTimestamp64Milli(max(time)) AS newest, arrayUniq(
            arrayFilter(one -> one > max(time) - INTERVAL 1 DAY, groupArray(time))) AS frames
        FROM (
            SELECT time FROM summaries
            WHERE tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id = %(vehicle)s
            ORDER BY time DESC LIMIT %(most)s)
        """,
        {"tenant": tenant, "profile": profile, "vehicle": vehicle_id, "most": _MOST_A_DAY},
        lambda rows: (int(rows[0][0]), int(rows[0][1])),
    )


def risk_trends(vehicle: tuple[str, str, str], since_ms: int) -> Question[dict[str, list[float]]]:
    """30-day risk a day by mode, from `since_ms` on, oldest first."""
    tenant, profile, vehicle_id = vehicle
    return Question(
        # A version of a row has the key of all others, so what is asked of the key may go first.
        """
        SELECT modes, risk_30 FROM risk FINAL
        PREWHERE tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id = %(vehicle)s
            AND time >= fromUnixTimestamp64Milli(%(since)s)
        ORDER BY time DESC LIMIT 1 BY intDiv(toUnixTimestamp64Milli(time), %(day)s)
        """,
        {
            "tenant": tenant,
            "profile": profile,
            "vehicle": vehicle_id,
            "since": since_ms,
            "day": DAY_MS,
        },
        _by_mode,
    )


def _by_mode(rows: Rows) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for modes, risks in reversed(rows):
        for mode, risk in zip(modes, risks, strict=True):
            found.setdefault(mode, []).append(float(risk))
    return found
