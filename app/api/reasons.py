"""`/api/vehicles/{key}/reasons`: why the risk of one part is what it is, asked of the model."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query

from alerts.changes import Wanted
from alerts.hysteresis import Hysteresis
from app.alerting.explain import Explain
from app.api import words
from app.api.alerts import ReasonView, reason_views
from app.api.cases import ModeCases, mode_cases
from app.api.context import Context, Wired
from app.api.fleet import Risk
from app.api.problems import ProblemError, unknown
from app.api.vehicles import Key, carded
from app.api.words import FaultCodeText
from infra.reads.cards import Card
from infra.reads.cases import leading
from infra.reads.vehicles import CurrentRisk

router = APIRouter(prefix="/api/vehicles", tags=["vehicles"])


@dataclass(frozen=True)
class Why:
    """What `model` made the risk of `mode` from at `scored_ms`, the fault codes of its part in the
    45 days before, and what workshops found on vehicles with the same signs (None: nothing yet).

    An alert opens when the 30-day risk stays at or above `line` and closes by itself once it stays
    below `clears_below`; both None without a champion. `alert_id` is the open one, "" without.
    """

    vehicle_id: str
    mode: str
    label: str
    part: str
    scored_ms: int
    model: str
    risk: Risk
    line: float | None
    clears_below: float | None
    alert_id: str
    reasons: list[ReasonView]
    fault_codes: list[FaultCodeText]
    cases: ModeCases | None


@router.get("/{key:path}/reasons")
def reasons(
    context: Wired,
    key: Key,
    mode: Annotated[str, Query(max_length=100, description="Default: the highest risk")] = "",
) -> Why:
    """Why the risk of a part is what it is, whether or not there is an alert."""
    card = carded(context, key)
    return why(context, card, scored(card, mode))


def scored(card: Card, mode: str = "") -> CurrentRisk:
    """The newest score of a failure mode, of the one with the highest risk where none is named.
    Raises ProblemError where there is none.
    """
    one = next((one for one in card.risks if mode in {"", one.mode}), None)
    if one:
        return one
    if mode and card.risks:
        known = ", ".join(one.mode for one in card.risks)
        raise unknown("failure mode", mode, f"There is no score of {mode!r}; there is of {known}.")
    detail = f"{card.found.vehicle_id} has no risk yet, so there is nothing to explain."
    raise ProblemError(409, "no-score", "No score yet", detail, vehicle=card.found.vehicle_id)


def why(context: Context, card: Card, one: CurrentRisk) -> Why:
    """Reasons for this score of the vehicle. It reads a feature row, at most 400 frames and the
    fault codes of 45 days, and asks one tree model for one row.
    """
    found = card.found
    wanted = Wanted(
        "", context.tenant, found.profile, found.vehicle_id, one.mode, one.time_ms, one.model
    )
    details = Explain(context.store, context.models, context.models.profiles)(wanted)
    champion = context.champion_of(found.profile)
    line = champion.lines.get(one.mode) if champion else None
    mode = words.mode_of(found.profile, one.mode)
    cases = mode_cases(context, found, {one.mode: leading(details.reasons)})
    return Why(
        found.vehicle_id,
        one.mode,
        words.mode_label(found.profile, one.mode),
        mode.part if mode else "",
        one.time_ms,
        one.model,
        Risk(one.risk_7, one.risk_30, one.risk_90),
        line,
        None if line is None else Hysteresis().clears_below(line),
        next((alert.alert_id for alert in card.active if alert.mode == one.mode), ""),
        reason_views(details.reasons),
        words.code_texts(found.profile, details.fault_codes),
        cases[0] if cases else None,
    )
