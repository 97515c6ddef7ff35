"""How unusual a vehicle of a fleet without failures is."""

from dataclasses import dataclass

from infra.reads.questions import Question


@dataclass(frozen=True)
class UnusualScore:
    """The newest score: `rank` is the share of training rows that were less unusual, `signals`
    (paths) those that say so most.
    """

    time_ms: int
    model: str
    rank: float
    signals: list[str]


def newest_unusual(vehicle: tuple[str, str, str]) -> Question[UnusualScore | None]:
    """The newest score of (tenant, profile, vehicle id), None without any."""
    tenant, profile, vehicle_id = vehicle
    return Question(
        "SELECT toUnixTimestamp64Milli(time) AS at, model, rank, signals FROM unusual FINAL "
        "WHERE tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id = %(vehicle)s "
        "ORDER BY time DESC LIMIT 1",
        {"tenant": tenant, "profile": profile, "vehicle": vehicle_id},
        lambda rows: UnusualScore(*rows[0]) if rows else None,
    )
