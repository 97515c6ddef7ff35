"""`/api/alerts`: what was found, and what people do about it."""

import uuid
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.api import words
from app.api.context import Context, Wired
from app.api.cursor import decode_cursor, encode_cursor
from app.api.fleet import Risk, RulView, rul_view
from app.api.problems import ProblemError, unknown_alert
from app.api.words import CheckText, FaultCodeText
from contracts.alerts import Alert, AlertCommand, Outcome
from infra.reads import alerts as stored

router = APIRouter(prefix="/api/alerts", tags=["alerts"])
Group = Literal["active", "pending", "open", "acknowledged", "resolved", "all"]
_STATES: dict[Group, tuple[str, ...]] = {"active": stored.ACTIVE, "all": ()}


@dataclass(frozen=True)
class ReasonView:
    """One thing that speaks for the failure; numbers are in `unit`."""

    text: str
    signal: str
    value: float | None
    expected: float | None
    unit: str
    contribution: float


@dataclass(frozen=True)
class WaitingView:
    """What waiting 30 days is expected to cost, and what the planned repair costs."""

    expected: float
    planned: float
    currency: str


@dataclass(frozen=True)
class AlertView:
    """An alert with its names in words. Times are Unix milliseconds, 0 where not yet."""

    alert_id: str
    vehicle_id: str
    profile: str
    mode: str
    mode_label: str
    condition: str
    state: str
    severity: str
    opened_ms: int
    updated_ms: int
    resolved_ms: int
    risk: Risk
    rul: RulView | None
    model: str
    reasons: list[ReasonView]
    fault_codes: list[FaultCodeText]
    checks: list[CheckText]
    waiting: WaitingView
    assignee: str
    outcome: str


@dataclass(frozen=True)
class TransitionView:
    """One change of an alert: who, when, from, to, why."""

    time_ms: int
    actor: str
    before: str
    after: str
    why: str


@dataclass(frozen=True)
class AlertDetail:
    """An alert with every change it went through, oldest first."""

    alert: AlertView
    transitions: list[TransitionView]


@dataclass(frozen=True)
class AlertPage:
    """Alerts, the newest opened first; `next_cursor` is empty on the last page."""

    alerts: list[AlertView]
    next_cursor: str


@dataclass(frozen=True)
class Accepted:
    """What was asked is on its way; `command_id` names it."""

    command_id: str


class Acknowledgement(BaseModel):
    """Someone takes care of it."""

    model_config = ConfigDict(extra="forbid")

    actor: str = Field(default="dashboard", min_length=1, max_length=100)
    why: str = Field(default="", max_length=2_000)


class Resolution(Acknowledgement):
    """It is over: with what the workshop found."""

    outcome: Outcome


def alert_view(alert: Alert) -> AlertView:
    """An alert of the store in words."""
    risk, rul, waiting = alert.risk, alert.rul, alert.waiting
    return AlertView(
        alert.alert_id,
        alert.vehicle_id,
        alert.profile,
        alert.mode,
        words.mode_label(alert.profile, alert.mode),
        alert.condition,
        alert.state,
        alert.severity,
        alert.opened_ms,
        alert.updated_ms,
        alert.resolved_ms,
        Risk(risk.risk_7, risk.risk_30, risk.risk_90),
        rul_view(alert.profile, rul.value, rul.low, rul.high) if rul else None,
        alert.model,
        [
            ReasonView(
                one.text,
                one.signal,
                one.value,
                one.expected,
                words.unit_text(one.unit),
                one.contribution,
            )
            for one in alert.reasons
        ],
        words.code_texts(alert.profile, alert.fault_codes),
        words.check_texts(alert.profile, alert.mode, alert.checks),
        WaitingView(waiting.expected, waiting.planned, waiting.currency),
        alert.assignee,
        alert.outcome,
    )


def find_alert(context: Context, alert_id: str) -> Alert:
    """The alert with this id. Raises ProblemError where there is none."""
    found = stored.alerts_by_id(context.store, context.tenant, [alert_id])
    if alert_id not in found:
        raise unknown_alert(alert_id)
    return found[alert_id]


@router.get("")
def alerts(
    context: Wired,
    *,
    state: Group = "active",
    vehicle: Annotated[str, Query(max_length=128, description="Vehicle id")] = "",
    cursor: Annotated[str, Query(max_length=400)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AlertPage:
    """Alerts, the newest opened first."""
    place = decode_cursor(cursor)
    found = stored.find_alerts(
        context.store,
        context.tenant,
        states=_STATES.get(state, (state,)),
        vehicle_id=vehicle,
        after=(int(place[0]), place[1]) if place else None,
        limit=limit + 1,
    )
    more, found = len(found) > limit, found[:limit]
    following = encode_cursor(found[-1].opened_ms, found[-1].alert_id) if more else ""
    return AlertPage([alert_view(one) for one in found], following)


@router.get("/{alert_id}")
def alert(context: Wired, alert_id: str) -> AlertDetail:
    """One alert with its history."""
    found = find_alert(context, alert_id)
    changes = stored.transitions(context.store, context.tenant, alert_id)
    return AlertDetail(
        alert_view(found),
        [TransitionView(one.time_ms, one.actor, one.before, one.after, one.why) for one in changes],
    )


@router.post("/{alert_id}/acknowledge", status_code=202)
def acknowledge(context: Wired, alert_id: str, given: Acknowledgement) -> Accepted:
    """Say that someone takes care of it. The alert changes once the alerter has read it."""
    return _command(context, alert_id, "acknowledge", given, "")


@router.post("/{alert_id}/resolve", status_code=202)
def resolve(context: Wired, alert_id: str, given: Resolution) -> Accepted:
    """Close it with what was found. The alert changes once the alerter has read it."""
    return _command(context, alert_id, "resolve", given, given.outcome)


def _command(
    context: Context,
    alert_id: str,
    action: Literal["acknowledge", "resolve"],
    given: Acknowledgement,
    outcome: Outcome | Literal[""],
) -> Accepted:
    alert = find_alert(context, alert_id)
    if alert.state == "resolved" or (action == "acknowledge" and alert.state == "acknowledged"):
        detail = f"Alert {alert_id} is {alert.state} already; reload to see what happened to it."
        raise ProblemError(409, "too-late", "Someone was faster", detail, state=alert.state)
    command = AlertCommand(
        uuid.uuid4().hex,
        context.tenant,
        alert.vehicle_id,
        alert_id,
        action,
        given.actor,
        max(context.now_ms(), alert.updated_ms + 1),
        given.why,
        outcome=outcome,
    )
    context.publisher.command(command)
    return Accepted(command.command_id)
