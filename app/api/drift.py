"""`/api/drift`: how far a fleet has moved away from what its models were trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Annotated

from fastapi import APIRouter, Query

from app.api import words
from app.api.context import Wired
from infra.reads.drift import Found, stored_drift
from models.drift import Measure, drifted
from models.drift_words import told

router = APIRouter(prefix="/api/drift", tags=["models"])
_SHOWN = 40


@dataclass(frozen=True)
class MeasureView:
    """One figure of one week (its Monday): drift is a `value` outside of `low` to `high` (None:
    without bound). `kind`: feature, score, calibration or missing; `text` says it in words.
    """

    week_ms: int
    kind: str
    subject: str
    text: str
    value: float
    low: float
    high: float | None
    drifted: bool


@dataclass(frozen=True)
class WeekView:
    """How many figures of a week had drifted, and how far the furthest was: 1 is its limit."""

    week_ms: int
    drifted: int
    furthest: float


@dataclass(frozen=True)
class DriftView:
    """A model as last looked at by `telltale drift`: its weeks, what has drifted in the newest, and
    the figures of that week that are nearest to drift or beyond.
    """

    model: str
    profile: str
    looked_ms: int
    weeks: list[WeekView]
    drifted: list[MeasureView]
    measures: list[MeasureView]


@dataclass(frozen=True)
class DriftList:
    """The models of a profile that were looked at, the newest look first."""

    profile: str
    profile_label: str
    models: list[DriftView]


@router.get("")
def drift(
    context: Wired,
    profile: Annotated[str, Query(min_length=1, max_length=100)],
    weeks: Annotated[int, Query(ge=1, le=104)] = 26,
) -> DriftList:
    """What `telltale drift` found of a profile's models, by week."""
    found = stored_drift(context.store, context.tenant, profile, weeks)
    by_model: dict[str, list[Found]] = {}
    for one in found:
        by_model.setdefault(one.model, []).append(one)
    views = [_view(profile, model, own) for model, own in by_model.items()]
    views.sort(key=lambda one: -one.looked_ms)
    return DriftList(profile, words.profile_label(profile), views)


def _view(profile: str, model: str, found: Sequence[Found]) -> DriftView:
    measures = [one.measure for one in found]
    newest = max(one.week_ms for one in measures)
    shown = [one for one in measures if one.week_ms == newest]
    shown.sort(key=lambda one: one.reach, reverse=True)
    return DriftView(
        model,
        profile,
        max(one.looked_ms for one in found),
        [_week(week, measures) for week in sorted({one.week_ms for one in measures})],
        [_measure(profile, one) for one in drifted(measures)],
        [_measure(profile, one) for one in shown[:_SHOWN]],
    )


def _week(week_ms: int, measures: Sequence[Measure]) -> WeekView:
    own = [one for one in measures if one.week_ms == week_ms]
    return WeekView(
        week_ms, sum(one.drifted for one in own), max((one.reach for one in own), default=0.0)
    )


def _measure(profile: str, one: Measure) -> MeasureView:
    known = words.profile_of(profile)
    return MeasureView(
        one.week_ms,
        one.kind,
        one.subject,
        told(known, one) if known else one.subject,
        one.value,
        one.low,
        one.high if isfinite(one.high) else None,
        one.drifted,
    )
