"""What the demo says at its end: alerts against the simulator's truth, beside two plain rules."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from rich.table import Table

from alerts.rules import fault_code_rule, mileage_intervals, mileage_rule
from alerts.scorecard import Failure, Raised, Scorecard, Stretch, score
from app.demo.plan import Plan
from contracts.records import VehicleEvent
from features.profile import Profile


@dataclass(frozen=True)
class Truth:
    """What the simulator knows: failures, and (vehicle, mode, time) of defects found in time."""

    failures: Sequence[Failure]
    found: Sequence[tuple[str, str, int]]


@dataclass(frozen=True)
class Observed:
    """What a run measured: the live stretch up to `until_ms` of event time, seconds of wall time,
    megabytes. `events` are those of history and live; the rules may know only these.
    """

    until_ms: int
    frames: int
    risk_rows: int
    events: Sequence[VehicleEvent]
    raised: Sequence[Raised]
    seconds_to_first_true_alert: float | None
    stream_seconds: float
    peak_mb: Mapping[str, float]
    peak_sum_mb: float


@dataclass(frozen=True)
class Cards:
    """One scorecard for the platform and one for each plain rule, over the same stretch."""

    telltale: Scorecard
    fault_code: Scorecard
    mileage: Scorecard


def score_all(
    plan: Plan,
    profiles: Sequence[Profile],
    truth: Truth,
    observed: Observed,
) -> Cards:
    """All cards over the stretch that was streamed."""
    # All simulated profiles have frames of the same period.
    hours_a_frame = max(profile.frame_period_ms for profile in profiles) / 3_600_000
    stretch = Stretch(
        since_ms=plan.live_ms,
        until_ms=observed.until_ms,
        vehicles=plan.fleet_size,
        hours=observed.frames * hours_a_frame,
        horizon_days=plan.horizon_days,
    )
    codes: list[Raised] = []
    mileage: list[Raised] = []
    for profile in profiles:
        own = [event for event in observed.events if event.profile == profile.name]
        past = [event for event in own if event.time_ms < plan.live_ms]
        codes += fault_code_rule(profile, own)
        mileage += mileage_rule(profile, own, mileage_intervals(profile, past), observed.until_ms)
    return Cards(
        telltale=score(observed.raised, truth.failures, stretch, truth.found),
        fault_code=score(codes, truth.failures, stretch, truth.found),
        mileage=score(mileage, truth.failures, stretch, truth.found),
    )


def as_json(plan: Plan, cards: Cards, observed: Observed) -> dict[str, object]:
    """The report as one object; figures of the platform at the top, the rules' under `rules`."""
    return {
        "vehicles": plan.fleet_size,
        "live_days": plan.live_days,
        "frames": observed.frames,
        "risk_rows": observed.risk_rows,
        **asdict(cards.telltale),
        "rules": {"fault_code": asdict(cards.fault_code), "mileage": asdict(cards.mileage)},
        "seconds_to_first_true_alert": observed.seconds_to_first_true_alert,
        "frames_per_second": observed.frames / max(observed.stream_seconds, 1e-9),
        "peak_rss_mb": observed.peak_sum_mb,
        "peak_rss_mb_by_process": dict(observed.peak_mb),
    }


ROWS = (
    ("Alerts shown", "alerts", "{:.0f}"),
    ("Failures in the stretch", "failures", "{:.0f}"),
    ("of these with warning signs", "predictable_failures", "{:.0f}"),
    ("caught 3 days ahead or more", "caught_3d", "{:.0f}"),
    ("share caught", "caught_3d_share", "{:.0%}"),
    ("Median lead, days", "median_lead_days", "{:.1f}"),
    ("False alarms per 100 vehicles a week", "false_alarms_per_100_vehicles_week", "{:.2f}"),
    ("False alarms per 1,000 vehicle-hours", "false_alarms_per_1000_h", "{:.2f}"),
    ("Alerts that were true", "precision", "{:.0%}"),
)


def as_table(cards: Cards) -> Table:
    """The cards side by side, for the terminal."""
    table = Table(title="Alerts against what really failed", title_justify="left")
    table.add_column("")
    for name in ("Telltale", "Fault-code rule", "Mileage rule"):
        table.add_column(name, justify="right")
    for label, key, form in ROWS:
        values = (cards.telltale, cards.fault_code, cards.mileage)
        table.add_row(label, *(form.format(getattr(card, key)) for card in values))
    return table
