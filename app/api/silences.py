"""`/api/silences`: what keeps alerts quiet, and until when."""

import uuid
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Response
from msgspec.structs import replace
from pydantic import Field

from alerts.silences import Field as Matched
from alerts.silences import complaint
from app.api.acting import WAITED, Accepted, Prefer, Text, Until, send
from app.api.context import Context, Wired
from app.api.problems import ProblemError, bad_parameter
from contracts.alerts import Action, AlertCommand, Silence
from infra.reads import silences as stored

Value = Annotated[str, Field(max_length=200, pattern=r"[^*]")]
Why = Annotated[str, Query(max_length=2_000, description="A few words for those who read it later")]
router = APIRouter(prefix="/api/silences", tags=["alerts"])


@dataclass(frozen=True)
class SilenceView:
    """Alerts that match all of `matchers` are quiet from `since_ms` to `until_ms` (Unix ms)."""

    silence_id: str
    matchers: dict[str, str]
    since_ms: int
    until_ms: int
    actor: str
    why: str


@dataclass(frozen=True)
class Silences:
    """Those that hold now or later, the first to end first."""

    silences: list[SilenceView]


class NewSilence(Until):
    """`matchers` by field; `*` stands for any rest of a value."""

    matchers: dict[Matched, Value] = Field(
        min_length=1, description="All of them have to fit", examples=[{"depot": "Lyon"}]
    )
    actor: str = Field(default="dashboard", min_length=1, max_length=100)
    why: Text = ""


@router.get("")
def silences(context: Wired) -> Silences:
    """What holds now or later."""
    return Silences([_view(one) for one in _known(context)])


@router.post("", status_code=202, responses=WAITED)
def silence(context: Wired, given: NewSilence, response: Response, prefer: Prefer = "") -> Accepted:
    """Keep what matches quiet; the silence bears the id of the command."""
    matchers = {str(name): value for name, value in given.matchers.items()}
    wrong = complaint(matchers)
    if wrong:
        raise bad_parameter("matchers", wrong)
    until_ms = given.end_ms(context.now_ms())
    asked = _command(context, "silence", "", given.actor, given.why)
    full = replace(asked, until_ms=until_ms, matchers=matchers)
    return send(context, full, response, prefer)


@router.delete("/{silence_id}", status_code=202, responses=WAITED)
def unsilence(
    context: Wired, silence_id: str, response: Response, why: Why = "", prefer: Prefer = ""
) -> Accepted:
    """End a silence now."""
    if not any(one.silence_id == silence_id for one in _known(context)):
        detail = f"No silence with the id {silence_id!r} holds; GET /api/silences lists them."
        raise ProblemError(404, "unknown-silence", "Unknown silence", detail, silence=silence_id)
    asked = _command(context, "unsilence", silence_id, "dashboard", why)
    return send(context, asked, response, prefer)


def _known(context: Context) -> list[Silence]:
    return stored.silences(context.store, context.tenant, context.now_ms())


def _view(one: Silence) -> SilenceView:
    return SilenceView(one.silence_id, one.matchers, one.since_ms, one.until_ms, one.actor, one.why)


def _command(context: Context, action: Action, alert_id: str, actor: str, why: str) -> AlertCommand:
    return AlertCommand(
        uuid.uuid4().hex, context.tenant, "", alert_id, action, actor, context.now_ms(), why
    )
