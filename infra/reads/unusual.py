"""How unusual a vehicle of a fleet without failures is."""

from dataclasses import dataclass

from infra.clickhouse import ClickHouse


@dataclass(frozen=True)
class UnusualScore:
    """The newest score: `rank` is the share of training rows that were less unusual, `signals`
    (paths) those that say so most.
    """

    time_ms: int
    model: str
    rank: float
    signals: list[str]


def newest_unusual(store: ClickHouse, vehicle: tuple[str, str, str]) -> UnusualScore | None:
    """The newest score of (tenant, profile, vehicle id), None without any."""
    tenant, profile, vehicle_id = vehicle
    rows = store.rows(
        "SELECT toUnixTimestamp64Milli(time), model, rank, signals FROM unusual FINAL "
        "WHERE tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id = %(vehicle)s "
        "ORDER BY time DESC LIMIT 1",
        tenant=tenant,
        profile=profile,
        vehicle=vehicle_id,
    )
    return UnusualScore(*rows[0]) if rows else None
