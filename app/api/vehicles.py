"""`/api/vehicles/{id, VIN or plate}`: one vehicle, its freshness, risk by part and alerts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query

from app.api import words
from app.api.alerts import AlertView, alert_view
from app.api.champions import Champion
from app.api.context import Context, Wired
from app.api.fleet import Risk, RulView, rul_view
from app.api.problems import unknown_vehicle
from infra.reads.cards import Card, find_card
from infra.reads.questions import Question, ask_together
from infra.reads.reporting import heard
from infra.reads.unusual import UnusualScore, newest_unusual
from infra.reads.vehicles import CurrentRisk, Registration, find_vehicle
from models.interval import risk_ranges
from models.unusual import LINE

router = APIRouter(prefix="/api/vehicles", tags=["vehicles"])
_LONGEST_KEY = 128
_CALLED = "Vehicle id, VIN or plate"
Key = Annotated[str, Path(description=_CALLED)]
Named = Annotated[str, Query(max_length=_LONGEST_KEY, description=_CALLED)]
"""The type of a parameter that narrows a list to one vehicle; "" is all of them."""


@dataclass(frozen=True)
class RiskRange:
    """In 9 of 10 cases the chance lies in it, by the vehicles that the model was tried on."""

    low: float
    high: float


@dataclass(frozen=True)
class RiskRanges:
    """The range of the chance of failure within 7, 30 and 90 days."""

    days_7: RiskRange
    days_30: RiskRange
    days_90: RiskRange


@dataclass(frozen=True)
class ModeRiskView:
    """Risk of one part: `line` is the 30-day risk at which an alert opens, None without a model;
    `ranges` what became of vehicles with a risk like it, None where there were none.
    """

    mode: str
    label: str
    part: str
    risk: Risk
    ranges: RiskRanges | None
    line: float | None
    rul: RulView | None


@dataclass(frozen=True)
class Freshness:
    """Event time of the newest frame and score (0: none yet), and whether the vehicle is silent."""

    frame_ms: int
    score_ms: int
    silent: bool
    now_ms: int


@dataclass(frozen=True)
class Unusual:
    """How unusual a vehicle is whose fleet has not failed yet; never a probability. `rank` is the
    share of the fleet's own past that was less unusual, `signals` say so most.
    """

    time_ms: int
    rank: float
    is_unusual: bool
    signals: list[str]


@dataclass(frozen=True)
class Vehicle:
    """A vehicle as registered, with its risk by part (highest first) and its active alerts;
    `unusual` only where there is no risk to tell.
    """

    vehicle_id: str
    profile: str
    profile_label: str
    vin: str
    plate: str
    model: str
    depot: str
    freshness: Freshness
    risks: list[ModeRiskView]
    scored_by: str
    alerts: list[AlertView]
    unusual: Unusual | None = None


_T = TypeVar("_T")


def _found(key: str, find: Callable[[str], _T | None]) -> _T:
    found = find(key.strip()) if len(key) <= _LONGEST_KEY else None
    if found is None:
        raise unknown_vehicle(key)
    return found


def registered(context: Context, key: str) -> Registration:
    """The vehicle with this id, VIN or plate. Raises ProblemError where there is none."""
    return _found(key, partial(find_vehicle, context.store, context.tenant))


def narrowed_to(context: Context, named: str) -> str:
    """The id of the vehicle that a list is narrowed to, "" for all. Raises ProblemError where there
    is none: an empty list would say that nothing is wrong with it.
    """
    return registered(context, named).vehicle_id if named else ""


def carded(context: Context, key: str, *, whole: bool = False) -> Card:
    """The vehicle with this id, VIN or plate, and what stands about it. Raises ProblemError where
    there is none.
    """
    return _found(key, partial(find_card, context.store, context.tenant, whole=whole))


@dataclass(frozen=True)
class Heard:
    """`frames`: event time of a vehicle's newest, and how many came in the 24 h to it; `odd`: how
    unusual it is, where no risk says more.
    """

    frames: tuple[int, int]
    odd: UnusualScore | None = None


def heard_of(context: Context, card: Card) -> list[Question[Any]]:
    """What to ask for a `Heard`, in its order."""
    place = (context.tenant, card.found.profile, card.found.vehicle_id)
    asked: list[Question[Any]] = [heard(place)]
    return asked if card.risks else [*asked, newest_unusual(place)]


def describe(context: Context, card: Card, told: Heard) -> Vehicle:
    """Everything about a vehicle but its history."""
    found, risks, odd = card.found, card.risks, told.odd
    alerts = sorted(
        card.active, key=lambda one: (one.condition == "risk", one.waiting.expected), reverse=True
    )
    score = max([*(one.time_ms for one in risks), odd.time_ms if odd else 0])
    lost = any(one.condition == "signal_lost" for one in alerts)
    return Vehicle(
        found.vehicle_id,
        found.profile,
        words.profile_label(found.profile),
        context.vin(found.vin_last4, found.vin_sealed),
        found.plate,
        found.model,
        found.depot,
        _freshness(context, found.profile, told.frames[0], score, lost=lost),
        _risk_views(context, found.profile, risks),
        risks[0].model if risks else "",
        [alert_view(one, found.plate) for one in alerts],
        _unusual(found.profile, odd) if odd else None,
    )


def described(context: Context, card: Card) -> Vehicle:
    """The same, with what it needs asked for."""
    return describe(context, card, Heard(*ask_together(context.store, *heard_of(context, card))))


@router.get("/{key:path}")
def vehicle(context: Wired, key: Key) -> Vehicle:
    """One vehicle by id, VIN or plate."""
    return described(context, carded(context, key))


def _unusual(profile: str, odd: UnusualScore) -> Unusual:
    labels = words.signal_labels(profile)
    named = [labels.get(path, path) for path in odd.signals]
    return Unusual(odd.time_ms, odd.rank, odd.rank >= LINE, named)


def _freshness(context: Context, name: str, frame: int, score: int, *, lost: bool) -> Freshness:
    now, profile = context.now_ms(), words.profile_of(name)
    newest = max(frame, score)
    stale = bool(profile and newest and newest < now - profile.silent_after_ms)
    return Freshness(frame, score, lost or stale, now)


def _ranges(champion: Champion | None, one: CurrentRisk) -> RiskRanges | None:
    """None where another model scored, or none of its held-out vehicles had such a risk."""
    curves = champion.curves.get(one.mode) if champion and champion.id == one.model else None
    found = risk_ranges(curves, (one.risk_7, one.risk_30, one.risk_90)) if curves else None
    return RiskRanges(*(RiskRange(low, high) for low, high in found)) if found else None


def _risk_views(context: Context, profile: str, risks: Sequence[CurrentRisk]) -> list[ModeRiskView]:
    champion = context.champion_of(profile)
    lines = champion.lines if champion else {}
    views = []
    for one in risks:
        mode = words.mode_of(profile, one.mode)
        views.append(
            ModeRiskView(
                one.mode,
                words.mode_label(profile, one.mode),
                mode.part if mode else "",
                Risk(one.risk_7, one.risk_30, one.risk_90),
                _ranges(champion, one),
                lines.get(one.mode),
                rul_view(profile, one.rul, one.rul_low, one.rul_high),
            )
        )
    return views
