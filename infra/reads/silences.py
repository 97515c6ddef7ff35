"""Silences as stored."""

from contracts.alerts import Silence
from infra.clickhouse import ClickHouse
from infra.reads.questions import Question, Rows, ask


def silences(store: ClickHouse, tenant: str, now_ms: int) -> list[Silence]:
    """The silences that hold now or later, the first to end first."""
    return ask(store, silences_of(tenant, now_ms))


def silences_of(tenant: str, now_ms: int) -> Question[list[Silence]]:
    """The silences that hold now or later, the first to end first."""
    return Question(
        """
        SELECT silence_id, tenant, matchers, toUnixTimestamp64Milli(since) AS begun,
            toUnixTimestamp64Milli(until) AS ends, actor, why
        FROM silences FINAL WHERE tenant = %(tenant)s AND ends > %(now)s
        ORDER BY ends, silence_id LIMIT 200
        """,
        {"tenant": tenant, "now": now_ms},
        _silences,
    )


def _silences(rows: Rows) -> list[Silence]:
    return [
        Silence(found, owner, dict(matchers), int(begun), int(ends), actor, why)
        for found, owner, matchers, begun, ends, actor, why in rows
    ]
