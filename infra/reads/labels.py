"""What workshops reported, as models will learn it."""

from dataclasses import dataclass

from infra.clickhouse import ClickHouse


@dataclass(frozen=True)
class Label:
    """A failure or a finding: `outcome` is "" for a failure."""

    time_ms: int
    profile: str
    vehicle_id: str
    kind: str
    mode: str
    outcome: str
    note: str


@dataclass(frozen=True)
class LabelCount:
    """Labels of one mode since a time: failures, and findings by what they say of the part."""

    mode: str
    failures: int
    confirmed: int
    refuted: int


def newest_labels(store: ClickHouse, tenant: str, profile: str, limit: int = 20) -> list[Label]:
    """The newest labels of a profile."""
    rows = store.rows(
        """
        SELECT toUnixTimestamp64Milli(time) AS at, profile, vehicle_id, kind, code,
            detail['outcome'], detail['note']
        FROM events FINAL
        WHERE tenant = %(tenant)s AND profile = %(profile)s AND kind IN ('failure', 'finding')
        ORDER BY at DESC, vehicle_id, code LIMIT %(limit)s
        """,
        tenant=tenant,
        profile=profile,
        limit=limit,
    )
    return [Label(int(at), *rest) for at, *rest in rows]


def label_counts(store: ClickHouse, tenant: str, profile: str, since_ms: int) -> list[LabelCount]:
    """Labels that came since then, by mode, most first."""
    rows = store.rows(
        """
        SELECT code, countIf(kind = 'failure') AS failures,
            countIf(kind = 'finding' AND detail['outcome'] = 'confirmed_part') AS confirmed,
            countIf(kind = 'finding' AND detail['outcome'] IN ('no_fault_found', 'other_part'))
        FROM events FINAL
        WHERE tenant = %(tenant)s AND profile = %(profile)s AND kind IN ('failure', 'finding')
            AND time >= fromUnixTimestamp64Milli(%(since)s)
        GROUP BY code ORDER BY failures + confirmed DESC, code
        """,
        tenant=tenant,
        profile=profile,
        since=since_ms,
    )
    return [LabelCount(code, int(f), int(c), int(r)) for code, f, c, r in rows]
