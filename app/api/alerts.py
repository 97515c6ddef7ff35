"""`/api/alerts/{alert_id}`: what was found, and what people do about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter

from alerts.units import unit_text
from app.api import acting, silences, words
from app.api.context import Context, Wired
from app.api.fleet import Risk, RulView, rul_view
from app.api.problems import unknown_alert
from app.api.words import CheckText, FaultCodeText
from contracts.alerts import Alert, Reason
from infra.reads import alerts as stored
from infra.reads.names import plates_of

router = APIRouter(tags=["alerts"])
Group = Literal["active", "pending", "open", "acknowledged", "resolved", "all"]
STATES: dict[Group, tuple[str, ...]] = {"active": stored.ACTIVE, "all": ()}


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
    """An alert with its names in words; `plate` is "" where its vehicle has none. Times are Unix
    milliseconds, 0 where not yet.

    `version` goes back as `seen` with a change. `raised_ms`: when it first asked somebody to act.
    `muted_by` is the silence or parent alert that keeps it quiet. It opened at a 30-day risk of
    `line` and closes by itself below `clears_below`.
    """

    alert_id: str
    vehicle_id: str
    plate: str
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
    depot: str
    version: int
    touched_by: str
    raised_ms: int
    muted_by: str
    snoozed_until_ms: int
    escalated: int
    line: float
    clears_below: float


@dataclass(frozen=True)
class TransitionView:
    """One change of an alert: who, when, from, to, why; `step` says what it was about."""

    time_ms: int
    actor: str
    before: str
    after: str
    why: str
    step: str


@dataclass(frozen=True)
class AlertDetail:
    """An alert with every change it went through, oldest first."""

    alert: AlertView
    transitions: list[TransitionView]


def alert_view(alert: Alert, plate: str) -> AlertView:
    """An alert of the store in words, with its vehicle's plate ("" without one)."""
    risk, rul, waiting = alert.risk, alert.rul, alert.waiting
    return AlertView(
        alert.alert_id,
        alert.vehicle_id,
        plate,
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
        reason_views(alert.reasons),
        words.code_texts(alert.profile, alert.fault_codes),
        words.check_texts(alert.profile, alert.mode, alert.checks),
        WaitingView(waiting.expected, waiting.planned, waiting.currency),
        alert.assignee,
        alert.outcome,
        alert.depot,
        alert.version,
        alert.touched_by,
        alert.raised_ms,
        alert.muted_by,
        alert.snoozed_until_ms,
        alert.escalated,
        alert.line,
        alert.clears_below,
    )


def reason_views(reasons: Iterable[Reason]) -> list[ReasonView]:
    """Reasons with their units as people write them."""
    return [
        ReasonView(
            one.text,
            one.signal,
            one.value,
            one.expected,
            unit_text(one.unit),
            one.contribution,
        )
        for one in reasons
    ]


def alert_views(context: Context, found: Sequence[Alert]) -> list[AlertView]:
    """The same of many, with their vehicles' plates looked up."""
    plates = plates_of(context.store, context.tenant, [one.vehicle_id for one in found])
    return [alert_view(one, plates.get(one.vehicle_id, "")) for one in found]


def find_alert(context: Context, alert_id: str) -> Alert:
    """The alert with this id. Raises ProblemError where there is none."""
    found = stored.alerts_by_id(context.store, context.tenant, [alert_id])
    if alert_id not in found:
        raise unknown_alert(alert_id)
    return found[alert_id]


@router.get("/api/alerts/{alert_id}")
def alert(context: Wired, alert_id: str) -> AlertDetail:
    """One alert with its history."""
    found = find_alert(context, alert_id)
    changes = stored.transitions(context.store, context.tenant, alert_id)
    return AlertDetail(
        alert_views(context, [found])[0],
        [
            TransitionView(one.time_ms, one.actor, one.before, one.after, one.why, one.step)
            for one in changes
        ],
    )


router.include_router(acting.router)
router.include_router(silences.router)
