"""Standing alerts by vehicle, depot or failure mode."""

from dataclasses import dataclass
from typing import Final, Literal

from infra.clickhouse import ClickHouse
from infra.reads.triage import Only

By = Literal["vehicle", "depot", "mode"]
BYS: Final[tuple[By, ...]] = ("vehicle", "depot", "mode")
_KEYS: Final[dict[By, str]] = {
    "vehicle": "vehicle_id",
    "depot": "known.depot",
    "mode": "if(mode = '', condition, mode)",
}


@dataclass(frozen=True)
class AlertGroup:
    """The alerts of one `key`. `at_stake` is money that waiting 30 days is expected to cost;
    `profile` is that of the gravest; times are Unix milliseconds.
    """

    key: str
    profile: str
    alerts: int
    vehicles: int
    critical: int
    soon: int
    watch: int
    at_stake: float
    oldest_ms: int


def alert_groups(
    store: ClickHouse, tenant: str, by: By, only: Only, limit: int
) -> list[AlertGroup]:
    """Most money at stake first."""
    conditions = ["tenant = %(tenant)s", "state IN ('open', 'acknowledged')", *only.conditions]
    rows = store.rows(
        f"""
        SELECT {_KEYS[by]} AS key, argMax(profile, at_stake), count(), uniqExact(vehicle_id),
            countIf(severity = 'critical'), countIf(severity = 'soon'),
            countIf(severity = 'watch'), sum(at_stake) AS money,
            toUnixTimestamp64Milli(min(opened))
        FROM alerts FINAL
        LEFT JOIN (SELECT vehicle_id, depot FROM vehicles FINAL WHERE tenant = %(tenant)s) AS known
            USING (vehicle_id)
        WHERE {" AND ".join(conditions)}
        GROUP BY key ORDER BY money DESC, key LIMIT %(limit)s
        """,  # noqa: S608 (constants of ours)
        **only.values,
        tenant=tenant,
        limit=limit,
    )
    return [AlertGroup(*row) for row in rows]
