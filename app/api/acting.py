"""`/api/alerts/{id}/...`: what people do about an alert. Who comes too late is told.

A change is asked of the alerter; the answer is waited for (RFC 7240: `Prefer: wait=5`, or
`Prefer: respond-async` not to wait). Without an answer in time it is 202: on its way.
"""

import re
import uuid
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from app.api.context import Context, Wired
from app.api.given import Body, Whole
from app.api.problems import ProblemError, bad_parameter, unknown_alert
from app.asking import wait_for_answer
from contracts.alerts import Action, Alert, AlertCommand, Outcome
from infra.reads.alerts import alerts_by_id
from infra.reads.answers import answer_of

router = APIRouter(prefix="/api/alerts", tags=["alerts"])
_WAIT_S = 2.0
_LONGEST_WAIT_S = 10.0
_HOUR_MS = 3_600_000
Prefer = Annotated[str, Header(max_length=100, description="wait=5, or respond-async")]
Text = Annotated[str, Field(max_length=2_000)]


@dataclass(frozen=True)
class Accepted:
    """What was asked is done, or on its way; `command_id` names it."""

    command_id: str
    done: bool = False
    why: str = ""


WAITED: dict[int | str, dict[str, Any]] = {
    200: {"model": Accepted, "description": "It is done: the alerter answered in time"}
}


@dataclass(frozen=True)
class AnswerView:
    """What became of a command. Who, what, when (Unix ms), done or refused and why."""

    command_id: str
    alert_id: str
    action: str
    actor: str
    time_ms: int
    done: bool
    why: str


class Given(Body):
    """`seen` is the alert's version that the person looked at: what another person changed since
    then refuses the change. 0: doesn't matter.
    """

    actor: str = Field(default="dashboard", min_length=1, max_length=100)
    why: Text = ""
    seen: Whole = Field(default=0, ge=0, le=2**53)


class Assignment(Given):
    """To whom; empty: to nobody."""

    assignee: str = Field(max_length=100)


class Comment(Given):
    """`why` is the comment."""

    why: Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"\S")]


_HOURS: JsonDict = {"type": "number", "exclusiveMinimum": 0, "maximum": 8_760}
_MOMENT: JsonDict = {"type": "integer", "minimum": 0, "maximum": 2**53}
_NOT: JsonDict = {"type": "null"}
_EITHER: JsonDict = {
    "oneOf": [
        {"required": ["hours"], "properties": {"hours": _HOURS, "until_ms": _NOT}},
        {"required": ["until_ms"], "properties": {"until_ms": _MOMENT, "hours": _NOT}},
    ]
}


class Until(Body):
    """How long from now on the fleet's clock, or until when (Unix ms): one of them."""

    model_config = ConfigDict(json_schema_extra=_EITHER)

    hours: float | None = Field(default=None, gt=0, le=8_760, allow_inf_nan=False)
    until_ms: Whole | None = Field(default=None, ge=0, le=2**53)

    def end_ms(self, now_ms: int) -> int:
        """When it ends. Raises ProblemError."""
        if (self.hours is None) == (self.until_ms is None):
            raise bad_parameter("hours", "give either hours or until_ms")
        return self.until_ms or now_ms + round((self.hours or 0) * _HOUR_MS)


class Snooze(Given, Until):
    """Ask again later."""


class Resolution(Given):
    """It is over: with what the workshop found."""

    outcome: Outcome


@router.post("/{alert_id}/acknowledge", status_code=202, responses=WAITED)
def acknowledge(
    context: Wired, alert_id: str, given: Given, response: Response, prefer: Prefer = ""
) -> Accepted:
    """Say that someone takes care of it."""
    alert = _standing(context, alert_id)
    if alert.state == "acknowledged" and not alert.snoozed_until_ms:
        raise _too_late(alert)
    return _ask(context, alert, "acknowledge", given, response, prefer)


@router.post("/{alert_id}/reopen", status_code=202, responses=WAITED)
def reopen(
    context: Wired, alert_id: str, given: Given, response: Response, prefer: Prefer = ""
) -> Accepted:
    """Say that nobody takes care of it after all: it asks again."""
    alert = _standing(context, alert_id)
    return _ask(context, alert, "reopen", given, response, prefer)


@router.post("/{alert_id}/assign", status_code=202, responses=WAITED)
def assign(
    context: Wired, alert_id: str, given: Assignment, response: Response, prefer: Prefer = ""
) -> Accepted:
    """Give it to somebody."""
    alert = _standing(context, alert_id)
    return _ask(context, alert, "assign", given, response, prefer, assignee=given.assignee)


@router.post("/{alert_id}/comment", status_code=202, responses=WAITED)
def comment(
    context: Wired, alert_id: str, given: Comment, response: Response, prefer: Prefer = ""
) -> Accepted:
    """Write a comment into its history, also after it is resolved."""
    return _ask(context, _found(context, alert_id), "comment", given, response, prefer)


@router.post("/{alert_id}/snooze", status_code=202, responses=WAITED)
def snooze(
    context: Wired, alert_id: str, given: Snooze, response: Response, prefer: Prefer = ""
) -> Accepted:
    """Put it aside; it asks again at the end."""
    alert = _standing(context, alert_id)
    until_ms = given.end_ms(context.now_ms())
    return _ask(context, alert, "snooze", given, response, prefer, until_ms=until_ms)


@router.post("/{alert_id}/resolve", status_code=202, responses=WAITED)
def resolve(
    context: Wired, alert_id: str, given: Resolution, response: Response, prefer: Prefer = ""
) -> Accepted:
    """Close it with what was found; that becomes a label for training."""
    alert = _standing(context, alert_id)
    return _ask(context, alert, "resolve", given, response, prefer, outcome=given.outcome)


@router.get("/commands/{command_id}")
def command(context: Wired, command_id: str) -> AnswerView:
    """What became of a command; 404 while the alerter has not answered."""
    answer = answer_of(context.store, context.tenant, command_id)
    if answer is None:
        detail = f"Nothing is known of the command {command_id!r} yet; ask again in a moment."
        raise ProblemError(404, "no-answer", "No answer yet", detail, command=command_id)
    return AnswerView(
        answer.command_id,
        answer.alert_id,
        answer.action,
        answer.actor,
        answer.time_ms,
        answer.done,
        answer.why,
    )


def send(context: Context, asked: AlertCommand, response: Response, prefer: str) -> Accepted:
    """Send a command and wait for its answer as the client prefers. Raises ProblemError."""
    context.publisher.command(asked)
    answer = wait_for_answer(
        lambda: answer_of(context.store, context.tenant, asked.command_id), wait_s(prefer)
    )
    if answer is None:
        return Accepted(asked.command_id)
    if not answer.done:
        raise ProblemError(
            409, "refused", "Not done", f"It was not done: {answer.why}.", why=answer.why
        )
    response.status_code = 200
    return Accepted(asked.command_id, done=True, why=answer.why)


def wait_s(prefer: str) -> float:
    """Seconds to wait by the Prefer header, at most ten."""
    wanted = re.search(r"\bwait\s*=\s*(\d{1,4})\b", prefer)
    if wanted:
        return min(float(wanted[1]), _LONGEST_WAIT_S)
    return 0.0 if "respond-async" in prefer else _WAIT_S


def _ask(
    context: Context,
    alert: Alert,
    action: Action,
    given: Given,
    response: Response,
    prefer: str,
    **more: Any,  # noqa: ANN401 (fields of AlertCommand)
) -> Accepted:
    asked = AlertCommand(
        uuid.uuid4().hex,
        context.tenant,
        alert.vehicle_id,
        alert.alert_id,
        action,
        given.actor,
        max(context.now_ms(), alert.updated_ms + 1),
        given.why,
        seen=given.seen,
        **more,
    )
    return send(context, asked, response, prefer)


def _found(context: Context, alert_id: str) -> Alert:
    found = alerts_by_id(context.store, context.tenant, [alert_id])
    if alert_id not in found:
        raise unknown_alert(alert_id)
    return found[alert_id]


def _standing(context: Context, alert_id: str) -> Alert:
    alert = _found(context, alert_id)
    if alert.state == "resolved":
        raise _too_late(alert)
    return alert


def _too_late(alert: Alert) -> ProblemError:
    detail = f"Alert {alert.alert_id} is {alert.state} already; reload to see what happened."
    if alert.touched_by:
        detail = (
            f"Alert {alert.alert_id} is {alert.state} already by {alert.touched_by}; "
            "reload to see what happened."
        )
    return ProblemError(409, "too-late", "Someone was faster", detail, state=alert.state)
