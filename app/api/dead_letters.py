"""`/api/dead-letters`: what was refused and why, and sending it back."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal, get_args

from fastapi import APIRouter, Query

from app.api.context import Wired
from app.api.given import Body
from contracts.dead_letters import Reason
from infra.dead_letters import replay as replay_letters
from infra.reads.dead_letters import Refused, RefusedCount, newest_refused, refused_counts
from infra.reads.fleet import DAY_MS
from infra.reads.questions import ask_together

REASONS: Final = get_args(Reason)
router = APIRouter(prefix="/api/dead-letters", tags=["status"])


@dataclass(frozen=True)
class DeadLetters:
    """Counts by reason (`since`: of the last day, `by_hour` too), and the newest letters without
    their bytes.
    """

    counts: list[RefusedCount]
    newest: list[Refused]


@dataclass(frozen=True)
class SentBack:
    """How many letters went back, and how many can't because they never were messages."""

    sent: int
    left: int


class Replay(Body):
    """`reason`: only these; empty: all that have not gone back before."""

    reason: Reason | Literal[""] = ""


@router.get("")
def dead_letters(
    context: Wired,
    reason: Annotated[str, Query(max_length=40)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> DeadLetters:
    """What was refused."""
    since = context.wall_ms() - DAY_MS
    return DeadLetters(
        *ask_together(context.store, refused_counts(since), newest_refused(reason, limit))
    )


@router.post("/replay")
def replay(context: Wired, given: Replay) -> SentBack:
    """Send letters back to their topic, their original bytes."""
    done = replay_letters(context.settings.broker(), given.reason)
    return SentBack(done.sent, done.left)
