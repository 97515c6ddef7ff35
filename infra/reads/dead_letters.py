"""What was refused, as stored beside the `dead-letters` topic."""

from dataclasses import dataclass

from infra.reads.fleet import DAY_MS
from infra.reads.questions import Question, Rows


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
    """Dead letters of one reason; `since` counts the newer ones, `by_hour` those of each of the 24
    hours from then on.
    """

    reason: str
    letters: int
    since: int
    by_hour: list[int]


def newest_refused(reason: str = "", limit: int = 50) -> Question[list[Refused]]:
    """The newest dead letters, of one reason or of all."""
    return Question(
        """
        SELECT toUnixTimestamp64Milli(time) AS at, reason, detail, topic, partition, offset, bytes
        FROM dead_letters FINAL WHERE %(reason)s = '' OR reason = %(reason)s
        ORDER BY at DESC, topic, partition, offset LIMIT %(limit)s
        """,
        {"reason": reason, "limit": limit},
        lambda rows: [Refused(int(at), *rest) for at, *rest in rows],
    )


def refused_counts(since_ms: int) -> Question[list[RefusedCount]]:
    """Counts by reason, the most first."""
    return Question(
        """
        SELECT reason, count() AS letters, countIf(age >= 0) AS fresh,
            countResample(0, 24, 1)(if(age < 0, -1, intDiv(age, %(hour)s))) AS hours
        FROM (
            SELECT reason, toUnixTimestamp64Milli(time) - %(since)s AS age FROM dead_letters FINAL
        ) GROUP BY reason ORDER BY letters DESC, reason
        """,
        {"since": since_ms, "hour": DAY_MS // 24},
        _counts,
    )


def _counts(rows: Rows) -> list[RefusedCount]:
    return [
        RefusedCount(reason, int(letters), int(fresh), [int(one) for one in hours])
        for reason, letters, fresh, hours in rows
    ]
