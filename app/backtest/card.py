"""What a stretch of alerts was worth, beside doing nothing, fault codes and fixed intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from alerts.rules import fault_code_rule, mileage_intervals, mileage_rule
from alerts.scorecard import DAY_MS, Failure, Raised, Scorecard, Stretch, score
from contracts.records import VehicleEvent
from features.profile import Costs, Profile
from models.labels import Course, courses

LEADS_DAYS: Final = (1, 3, 7, 14, 30)


class Money(msgspec.Struct, frozen=True):
    """What failures, planned repairs and unneeded checks cost together; `saved` against doing
    nothing.
    """

    cost: float
    saved: float


class Policy(msgspec.Struct, frozen=True):
    """One way to run a workshop. `recall_by_lead`: share of failures announced at least so many
    days before they came.
    """

    alerts: int
    alerts_per_week: float
    precision: float
    false_alarms_per_1000_h: float
    false_alarms_per_100_vehicles_week: float
    recall_by_lead: dict[str, float]
    median_lead_days: float
    money: Money


class Card(msgspec.Struct, frozen=True):
    """A backtest. `telltale` beside the rules; times in Unix milliseconds, `hours` of use."""

    profile: str
    model: str
    since_ms: int
    until_ms: int
    vehicles: int
    hours: float
    failures: int
    currency: str
    doing_nothing: float
    telltale: Policy
    fault_code_rule: Policy
    fixed_interval: Policy
    notes: list[str] = []


@dataclass(frozen=True)
class Judged:
    """What the alerts are held against: all `events` up to the end of history."""

    profile: Profile
    model: str
    stretch: Stretch
    events: Sequence[VehicleEvent]


def judge(judged: Judged, raised: Sequence[Raised], notes: Sequence[str] = ()) -> Card:
    """The card of the platform's alerts and of both rules, over the same stretch."""
    profile, stretch = judged.profile, judged.stretch
    lives = courses(profile, judged.events)
    failures = _failures(lives)
    found = [
        (vehicle, mode, time)
        for vehicle, course in lives.items()
        for mode, one in course.modes.items()
        for time in one.found.tolist()
    ]
    past = [event for event in judged.events if event.time_ms < stretch.since_ms]
    intervals = mileage_intervals(profile, past)
    by_age = mileage_rule(profile, judged.events, intervals, stretch.until_ms)
    counted = _counted(failures, stretch)
    nothing = sum(profile.mode(failure.mode).costs.breakdown for failure in counted)

    def policy(shown: Sequence[Raised], *, renews: bool = False) -> Policy:
        card = score(shown, failures, stretch, found)
        leads = _leads(shown, counted, stretch)
        spent = _spent(profile, shown, leads, (failures, found), stretch, renews=renews)
        return _policy(card, leads, stretch, Money(spent, nothing - spent))

    return Card(
        profile=profile.name,
        model=judged.model,
        since_ms=stretch.since_ms,
        until_ms=stretch.until_ms,
        vehicles=stretch.vehicles,
        hours=stretch.hours,
        failures=len(counted),
        currency=profile.currency,
        doing_nothing=nothing,
        telltale=policy(raised),
        fault_code_rule=policy(fault_code_rule(profile, judged.events)),
        fixed_interval=policy(by_age, renews=True),
        notes=list(notes),
    )


def _failures(lives: Mapping[str, Course]) -> list[Failure]:
    """All failures; which of them a signal announced isn't known, so all count."""
    return [
        Failure(vehicle, mode, time, predictable=True)
        for vehicle, course in lives.items()
        for mode, one in course.modes.items()
        for time in one.failed.tolist()
    ]


def _counted(failures: Sequence[Failure], stretch: Stretch) -> list[Failure]:
    since = stretch.since_ms + stretch.warm_up_days * DAY_MS
    return [one for one in failures if since <= one.time_ms < stretch.until_ms]


def _leads(
    shown: Sequence[Raised], counted: Sequence[Failure], stretch: Stretch
) -> dict[Failure, float]:
    """Days from the first alert within the horizon to each failure; 0 without one."""
    horizon = stretch.horizon_days * DAY_MS
    alerts: dict[tuple[str, str], list[int]] = {}
    for one in shown:
        if stretch.since_ms <= one.time_ms < stretch.until_ms:
            alerts.setdefault((one.vehicle_id, one.mode), []).append(one.time_ms)
    return {
        failure: max(
            (
                failure.time_ms - time
                for time in alerts.get((failure.vehicle_id, failure.mode), ())
                if 0 < failure.time_ms - time <= horizon
            ),
            default=0,
        )
        / DAY_MS
        for failure in counted
    }


def _spent(
    profile: Profile,
    shown: Sequence[Raised],
    leads: Mapping[Failure, float],
    truth: tuple[Sequence[Failure], Sequence[tuple[str, str, int]]],
    stretch: Stretch,
    *,
    renews: bool,
) -> float:
    """Failures announced in time become planned repairs. What an alert without a failure costs: a
    check, or where the rule `renews` parts unseen, a planned repair.
    """
    costs: dict[str, Costs] = {mode.name: mode.costs for mode in profile.modes}
    total = sum(
        costs[failure.mode].planned_repair
        if lead >= stretch.lead_days
        else costs[failure.mode].breakdown
        for failure, lead in leads.items()
    )
    failures, found = truth
    proven: dict[tuple[str, str], list[int]] = {}
    for one in failures:
        proven.setdefault((one.vehicle_id, one.mode), []).append(one.time_ms)
    for vehicle, mode, time in found:
        proven.setdefault((vehicle, mode), []).append(time)
    horizon = stretch.horizon_days * DAY_MS
    for alert in shown:
        if not stretch.since_ms <= alert.time_ms < stretch.until_ms:
            continue
        times = proven.get((alert.vehicle_id, alert.mode), ())
        if not any(0 < time - alert.time_ms <= horizon for time in times):
            own = costs[alert.mode]
            total += own.planned_repair if renews else own.unneeded_check
    return total


def _policy(
    card: Scorecard, leads: Mapping[Failure, float], stretch: Stretch, money: Money
) -> Policy:
    weeks = (stretch.until_ms - stretch.since_ms) / (7 * DAY_MS)
    count = max(len(leads), 1)
    return Policy(
        alerts=card.alerts,
        alerts_per_week=card.alerts / weeks if weeks else 0.0,
        precision=card.precision,
        false_alarms_per_1000_h=card.false_alarms_per_1000_h,
        false_alarms_per_100_vehicles_week=card.false_alarms_per_100_vehicles_week,
        recall_by_lead={
            str(days): sum(lead >= days for lead in leads.values()) / count for days in LEADS_DAYS
        },
        median_lead_days=card.median_lead_days,
        money=money,
    )
