"""`/api/models/{model}/curves` and `/compared-with/{other}`: what the lab draws."""

from dataclasses import dataclass

import numpy as np
from fastapi import APIRouter

from app.api import words
from app.api.context import Wired
from app.api.models import manifest_of, registry_of
from app.api.problems import ProblemError
from app.lab.compared import Compared, NotScoredError, compare_live
from contracts.errors import DataError
from features.profile import Costs
from infra.store import ClickHouseStore
from models.alarms import HORIZON_DAYS, Tally
from models.fared import mean_learning
from models.record import ModeCurves as KeptCurves
from models.record import ModeRecord
from models.table import Scope
from models.thresholds import money_a_year, no_lines

router = APIRouter(prefix="/api/models", tags=["models"])
_LEADS = (*range(31), *range(32, HORIZON_DAYS + 1, 2))


@dataclass(frozen=True)
class Reliability:
    """Bins of predicted 30-day risk: the share that failed, its 90 % range."""

    predicted: list[float]
    observed: list[float]
    low: list[float]
    high: list[float]


@dataclass(frozen=True)
class Points:
    """A line; what `x` and `y` are is said where it stands."""

    x: list[float]
    y: list[float]


@dataclass(frozen=True)
class ModeCurves:
    """One failure mode on vehicles that the trees had not seen.

    `precision_recall`: x the share of rows before a failure that are found, y the share of those
    found that are right. `lead`: x days, y the share of failures announced at least so early by an
    alert at `line`. `cost`: x the line, y the money a year per 100 vehicles; `doing_nothing` in the
    same money. `gain`: x alerts a week per 100 vehicles, y the share of failures announced three
    days ahead.
    """

    mode: str
    label: str
    line: float | None
    failures: int
    reliability: Reliability
    precision_recall: Points
    lead: Points
    cost: Points
    doing_nothing: float
    gain: Points
    learning: Points


@dataclass(frozen=True)
class Curves:
    """A model's curves by mode; modes that stand on a prior, and old records, have none."""

    model: str
    profile: str
    currency: str
    modes: list[ModeCurves]


@dataclass(frozen=True)
class FigureView:
    """One figure of both models; 95 % of the draws of the difference lie from `low` to `high`;
    `chance` is how likely one as large is by chance.
    """

    figure: str
    first: float
    second: float
    low: float
    high: float
    chance: float


@dataclass(frozen=True)
class Comparison:
    """Two models on rows that the worker had both of them score. `verdict`: one of them, or
    "no difference".
    """

    first: str
    second: str
    since_ms: int
    rows: int
    vehicles: int
    failures: int
    verdict: str
    figures: list[FigureView]


@router.get("/{model}/curves")
def curves(context: Wired, model: str) -> Curves:
    """Reliability, precision and recall, lead time, cost by line, gain by capacity."""
    record = manifest_of(registry_of(context), model).record
    known = words.profile_of(record.profile)
    costs = {mode.name: mode.costs for mode in known.modes} if known else {}
    idle = no_lines(known, record.tried).tallies if known else {}
    return Curves(
        model,
        record.profile,
        known.currency if known else "",
        [
            _mode(
                record.profile, one, own, (costs[one.mode], record.tried[one.mode], idle[one.mode])
            )
            for one in record.modes
            if (own := one.curves) and one.mode in record.tried and one.mode in costs
        ],
    )


@router.get("/{model}/compared-with/{other}")
def compare(context: Wired, model: str, other: str) -> Comparison:
    """Which is better on what came after both were trained, and whether that is chance."""
    registry = registry_of(context)
    records = [manifest_of(registry, one).record for one in (model, other)]
    known = words.profile_of(records[0].profile)
    if known is None or records[1].profile != known.name:
        told = f"{model} and {other} are not of one profile that is known here"
        raise _not_comparable("other-profile", told)
    store = ClickHouseStore(context.settings.store())
    since = max(one.until_ms for one in records)
    scope = Scope(context.tenant, since, store.span(context.tenant, known.name)[1])
    try:
        found = compare_live(store, known, (model, other), scope)
    except NotScoredError as error:
        raise _not_comparable("not-scored", str(error)) from None
    except DataError as error:
        raise _not_comparable("no-outcome", str(error)) from None
    return _comparison(found)


def _not_comparable(kind: str, detail: str) -> ProblemError:
    said = f"{detail[:1].upper()}{detail[1:]}."
    return ProblemError(409, kind, "Nothing to compare", said)


def _comparison(found: Compared) -> Comparison:
    return Comparison(
        found.first,
        found.second,
        found.since_ms,
        found.rows,
        found.vehicles,
        found.failures,
        found.verdict,
        [
            FigureView(one.figure, one.first, one.second, one.low, one.high, one.chance)
            for one in found.figures
        ],
    )


def _mode(
    profile: str, one: ModeRecord, own: KeptCurves, priced: tuple[Costs, list[Tally], Tally]
) -> ModeCurves:
    costs, tried, nothing = priced
    leads = np.array(own.lead_days)
    return ModeCurves(
        one.mode,
        words.mode_label(profile, one.mode),
        one.line if np.isfinite(one.line) else None,
        own.failures,
        Reliability(own.predicted, own.observed, own.low, own.high),
        Points(own.recall, own.precision),
        Points(
            [float(day) for day in _LEADS],
            [float((leads >= day).sum()) / max(1, own.failures) for day in _LEADS],
        ),
        Points([tally.line for tally in tried], [money_a_year(costs, tally) for tally in tried]),
        money_a_year(costs, nothing),
        _gain(tried),
        Points(*(part.tolist() for part in mean_learning(own))),
    )


def _gain(tried: list[Tally]) -> Points:
    failures = max(1, tried[0].failures)
    found = {tally.alert_rate: tally.caught / failures for tally in tried if tally.alerts}
    pairs = sorted({0.0: 0.0, **found}.items())
    return Points([x for x, _ in pairs], [y for _, y in pairs])
