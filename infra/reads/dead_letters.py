"""What was refused, as stored beside the `dead-letters` topic."""

from dataclasses import dataclass

from infra.clickhouse import ClickHouse


@dataclass(frozen=True)
class Refused:
    """One dead letter without its bytes: why, and where it stood (a file's name and line for an
    adapter).
    """

    time_ms: int
    reason: str
    detail: str
    topic: str
    partition: int
    offset: int
    bytes: int


@dataclass(frozen=True)
class RefusedCount:
    """Dead letters of one reason; `since` counts the newer ones."""

    reason: str
    letters: int
    since: int


def newest_refused(store: ClickHouse, reason: str = "", limit: int = 50) -> list[Refused]:
    """The newest dead letters, of one reason or of all."""
    rows = store.rows(
        """
        SELECT toUnixTimestamp64Milli(time) AS at, reason, detail, topic, partition, offset, bytes
        FROM dead_letters FINAL WHERE %(reason)s = '' OR reason = %(reason)s
        ORDER BY at DESC, topic, partition, offset LIMIT %(limit)s
        """,
        reason=reason,
        limit=limit,
    )
    return [Refused(int(at), *rest) for at, *rest in rows]


def refused_counts(store: ClickHouse, since_ms: int) -> list[RefusedCount]:
    """Counts by reason, the most first."""
    rows = store.rows(
        """
        SELECT reason, count() AS letters,
            countIf(time >= fromUnixTimestamp64Milli(%(since)s)) FROM dead_letters FINAL
        GROUP BY reason ORDER BY letters DESC, reason
        """,
        since=since_ms,
    )
    return [RefusedCount(reason, int(letters), int(fresh)) for reason, letters, fresh in rows]
