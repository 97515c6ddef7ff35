"""Keeps a reading of the platform a minute, so that the System page can say how it went."""

from typing import Final

from app.api.context import Context
from app.api.status import StatusView, status_view
from infra.pulse import Reading, newest_score, write_readings
from infra.reads.questions import ask

EVERY_S: Final = 60.0
FIRST_S: Final = 5.0
"""The first one waits until store and broker have begun too."""


def behind(status: StatusView) -> int:
    """Messages that some group has not taken yet."""
    return sum(sum(topic.lag.values()) for topic in status.topics)


def reading_of(status: StatusView, time_ms: int, newest_ms: int) -> Reading:
    """What a status comes to; the newest score's event time beside it."""
    return Reading(time_ms, status.tables.get("summaries", 0), behind(status), newest_ms)


def keep_reading(context: Context) -> bool:
    """Store how the platform is now; whether that was known: where store or broker are away,
    nothing is kept. Raises UnavailableError.
    """
    status = status_view(context)
    if status.problems:
        return False
    newest_ms, _ = ask(context.store, newest_score(context.tenant))
    write_readings(context.store, [reading_of(status, context.wall_ms(), newest_ms)])
    return True
