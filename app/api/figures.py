"""`/api/figures`: what the fleet's numbers are made of."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate

from fastapi import APIRouter

from app.api import words
from app.api.context import Wired
from infra.reads import trends
from infra.reads.fleet import DAY_MS
from infra.reads.names import plates_of
from infra.reads.outcomes import OutcomeCount, announced_failures, outcome_counts

router = APIRouter(prefix="/api/figures", tags=["fleet"])
CURVE_DAYS = 90
SPARK_DAYS = 30


@dataclass(frozen=True)
class OutcomeLine:
    """Closed alerts of one part with one outcome, and what each saved (or cost, below 0)."""

    profile: str
    mode: str
    label: str
    outcome: str
    alerts: int
    each: float
    money: float


@dataclass(frozen=True)
class Avoided:
    """Cost avoided so far: `saved` by confirmed parts, `spent` on checks that found nothing, `net`
    of both. `by_day` is the net sum at the end of each of the last 30 days.
    """

    net: float
    saved: float
    spent: float
    cases: int
    confirmed: int
    currency: str
    by_day: list[float]
    lines: list[OutcomeLine]


@dataclass(frozen=True)
class ExpectedCostView:
    """What breakdowns within the next 30 days were expected to cost the whole fleet, by day.

    Where the fleet is larger than `sampled` vehicles, the sample is scaled up.
    """

    time_ms: list[int]
    money: list[float]
    currency: str
    sampled: int
    vehicles: int


@dataclass(frozen=True)
class AnnouncedView:
    """A failure, and the first alert before it that spoke of the part; 0 and "" without one.
    `plate` is "" where the vehicle has none.
    """

    vehicle_id: str
    plate: str
    profile: str
    mode: str
    mode_label: str
    failed_ms: int
    opened_ms: int
    alert_id: str


def worth(profile: str, mode: str, outcome: str) -> float:
    """What one closed alert saved: breakdown less planned repair where the part was confirmed,
    the unneeded check below 0 where nothing was found, else 0.
    """
    known = words.mode_of(profile, mode)
    if known is None:
        return 0.0
    costs = known.costs
    return {
        "confirmed_part": costs.breakdown - costs.planned_repair,
        "no_fault_found": -costs.unneeded_check,
    }.get(outcome, 0.0)


def avoided_of(counts: list[OutcomeCount], now_ms: int) -> Avoided:
    """The sum over every alert that was closed with an outcome."""
    lines: dict[tuple[str, str, str], int] = defaultdict(int)
    daily = [0.0] * (SPARK_DAYS + 1)
    for one in counts:
        lines[one.profile, one.mode, one.outcome] += one.alerts
        back = max(0, (now_ms - one.day_ms) // DAY_MS)
        daily[max(0, SPARK_DAYS - back)] += one.alerts * worth(one.profile, one.mode, one.outcome)
    told = [
        OutcomeLine(
            profile,
            mode,
            words.mode_label(profile, mode),
            outcome,
            alerts,
            worth(profile, mode, outcome),
            alerts * worth(profile, mode, outcome),
        )
        for (profile, mode, outcome), alerts in lines.items()
    ]
    told.sort(key=lambda one: (-abs(one.money), one.label, one.outcome))
    saved = sum(one.money for one in told if one.money > 0)
    spent = -sum(one.money for one in told if one.money < 0)
    return Avoided(
        net=saved - spent,
        saved=saved,
        spent=spent,
        cases=sum(one.alerts for one in told),
        confirmed=sum(one.alerts for one in told if one.outcome == "confirmed_part"),
        currency=words.currency_of(counts[0].profile if counts else ""),
        by_day=list(accumulate(daily)),
        lines=told,
    )


@router.get("/avoided")
def avoided(context: Wired) -> Avoided:
    """Cost avoided so far, by part and outcome."""
    store, tenant = context.store, context.tenant
    counts = context.answers.outcomes.get(tenant, lambda: outcome_counts(store, tenant))
    return avoided_of(counts, context.now_ms())


@router.get("/announced")
def announced(context: Wired) -> list[AnnouncedView]:
    """The newest 200 failures of the last 90 days, each with the alert that announced it."""
    found = announced_failures(context.store, context.tenant, context.now_ms())
    plates = plates_of(context.store, context.tenant, [one.vehicle_id for one in found])
    return [
        AnnouncedView(
            one.vehicle_id,
            plates.get(one.vehicle_id, ""),
            one.profile,
            one.mode,
            words.mode_label(one.profile, one.mode),
            one.failed_ms,
            one.opened_ms,
            one.alert_id,
        )
        for one in found
    ]


@router.get("/trends")
def daily(context: Wired) -> trends.Trends:
    """Vehicles that need someone, money at stake and silent vehicles, a value a day, 30 days."""
    store, tenant, now = context.store, context.tenant, context.now_ms()
    return context.answers.trends.get(
        tenant, lambda: trends.alert_trends(store, tenant, now, SPARK_DAYS)
    )


@router.get("/depots")
def depots(context: Wired) -> list[trends.Depot]:
    """Every depot, most money at stake first."""
    store, tenant, policy = context.store, context.tenant, words.policy(context.now_ms())
    return context.answers.depots.get(tenant, lambda: trends.depots(store, tenant, policy))


@router.get("/expected-cost")
def expected_cost(context: Wired) -> ExpectedCostView:
    """The fleet's risk as money over the last 90 days; counted anew every ten minutes."""
    store, tenant, policy = context.store, context.tenant, words.policy(context.now_ms())
    found = context.answers.curve.get(
        tenant, lambda: trends.expected_cost(store, tenant, policy, CURVE_DAYS)
    )
    return ExpectedCostView(
        found.time_ms, found.money, context.summary().currency, found.sampled, found.vehicles
    )
