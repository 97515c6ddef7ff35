"""`telltale backtest`: what a model's alerts would have come to on stored history."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Final

import typer

from alerts.budget import Budget
from alerts.policies import Policies
from alerts.scorecard import Stretch as JudgedStretch
from app.alerting.models import Models
from app.backtest.card import Card, Judged, Policy, judge
from app.backtest.log import Stretch, score_history
from app.backtest.run import alerts_of
from app.cli.bars import bars
from app.cli.options import Json, ProfileDir
from app.cli.output import print_json, print_table
from app.cli.train import day_ms
from app.profiles import load_profiles, profile_of
from app.settings import Settings, load_settings
from contracts.errors import DataError, UnavailableError
from contracts.topics import TELEMETRY
from features.profile import Profile
from infra.kafka import partition_count, partition_of
from infra.store import ClickHouseStore
from models.registry import Registry
from models.table import Progress

DAY_MS: Final = 86_400_000
HORIZON_DAYS: Final = 60
"""An alert is true when its part fails within so many days."""
_DEFAULT_DAYS: Final = 90


def backtest(
    profile: Annotated[str, typer.Option(help="Whose history.")],
    *,
    since: Annotated[str, typer.Option("--from", help="First day (2025-01-31).")] = "",
    until: Annotated[str, typer.Option("--to", help="First day after the stretch.")] = "",
    model: Annotated[str, typer.Option(help="Which model; else the champion.")] = "",
    profile_dir: ProfileDir = None,
    as_json: Json = False,
) -> None:
    """Replay history through engine, model and alert pipeline; hold the alerts against what failed.

    Without days: the last 90 of which the outcome is known.
    """
    settings = load_settings()
    chosen = profile_of(load_profiles(settings, profile_dir), profile)
    with bars(quiet=as_json) as told:
        found = run_backtest(settings, chosen, model, (since, until), told)
    if as_json:
        print_json(found)
    else:
        show(found)


def run_backtest(
    settings: Settings,
    profile: Profile,
    model: str,
    days: tuple[str, str],
    told: Progress,
) -> Card:
    """The card of a stretch of the store's history. Raises DataError, ModelError."""
    registry, store = Registry(settings.models_dir), ClickHouseStore(settings.store())
    chosen = model or registry.champion(profile.name)
    if not chosen:
        raise DataError(f"profile {profile.name} has no champion; name a model with --model")
    bundle, expectation = registry.load(chosen)
    if bundle.profile != profile.name:
        raise DataError(f"model {chosen} is of profile {bundle.profile}, not of {profile.name}")
    span, known_until = stretch_of(store.span(settings.tenant, profile.name), days)
    stretch = Stretch(settings.tenant, *span)
    scored = score_history(store, profile, (bundle, expectation), stretch, told)
    budget = Budget(per_week=settings.alerts.per_week_per_100)
    policies = Policies(
        Models(registry, {profile.name: profile}).lines, {profile.name: profile}, budget=budget
    )
    count = partitions_of(settings)
    shown = alerts_of(scored, policies, partial(partition_of, partitions=count), count)
    events = store.events(settings.tenant, profile.name, scored.vehicles, 0, known_until)
    judged = Judged(
        profile,
        chosen,
        JudgedStretch(
            stretch.since_ms,
            stretch.until_ms,
            len(scored.vehicles),
            scored.hours,
            horizon_days=HORIZON_DAYS,
        ),
        events,
    )
    return judge(judged, shown.raised, _notes(registry, chosen, stretch, known_until))


def partitions_of(settings: Settings) -> int:
    """How many partitions share the budget of alerts: the broker's, and without one what is set."""
    try:
        return partition_count(settings.broker(), TELEMETRY) or settings.kafka.partitions
    except UnavailableError:
        return settings.kafka.partitions


def stretch_of(known: tuple[int, int], days: tuple[str, str]) -> tuple[tuple[int, int], int]:
    """Since and until of the stretch, and where what is known ends. Raises DataError."""
    first, last = known
    if not last:
        raise DataError("there is no history to replay; stream some, or use `telltale simulate`")
    horizon = HORIZON_DAYS * DAY_MS
    until = min(day_ms("--to", days[1], max(last - horizon, first)), last)
    since = max(day_ms("--from", days[0], until - _DEFAULT_DAYS * DAY_MS), first)
    if since >= until:
        raise DataError(
            f"nothing lies between {_day(since)} and {_day(until)}; history runs from "
            f"{_day(first)} to {_day(last)}"
        )
    return (since, until), last


def _notes(registry: Registry, model: str, stretch: Stretch, known_until: int) -> list[str]:
    notes = []
    if registry.manifest(model).record.until_ms > stretch.since_ms:
        notes.append(
            f"{model} has learnt from days of this stretch; what it says of them flatters it. "
            "Train one with --until to see how it would have done"
        )
    if stretch.until_ms > known_until - HORIZON_DAYS * DAY_MS:
        notes.append(
            f"history ends on {_day(known_until)}: alerts of the {HORIZON_DAYS} days before it "
            "may be called false too early"
        )
    return notes


def _day(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1_000, UTC):%Y-%m-%d}"


def show(found: Card) -> None:
    """The card in words."""
    ways = {
        "Telltale": found.telltale,
        "fault-code rule": found.fault_code_rule,
        "fixed interval": found.fixed_interval,
    }
    print_table(
        f"{found.model}, {_day(found.since_ms)} to {_day(found.until_ms)}: "
        f"{found.vehicles} vehicles, {found.hours:,.0f} h, {found.failures} failures",
        ("", *ways),
        [[label, *(form(one) for one in ways.values())] for label, form in _ROWS],
    )
    typer.echo(f"Doing nothing costs {found.doing_nothing:,.0f} {found.currency}.")
    for note in found.notes:
        typer.echo(f"Note: {note}.")


def _recall(one: Policy, days: str) -> str:
    return f"{one.recall_by_lead[days]:.0%}"


_ROWS: Final[tuple[tuple[str, Callable[[Policy], str]], ...]] = (
    ("Alerts a week", lambda one: f"{one.alerts_per_week:.2f}"),
    ("of these true", lambda one: f"{one.precision:.0%}"),
    ("False alarms per 1,000 h", lambda one: f"{one.false_alarms_per_1000_h:.2f}"),
    ("Failures announced 1 day ahead", partial(_recall, days="1")),
    *(
        (f"Failures announced {days} days ahead", partial(_recall, days=days))
        for days in ("3", "7", "14", "30")
    ),
    ("Cost", lambda one: f"{one.money.cost:,.0f}"),
    ("Saved against doing nothing", lambda one: f"{one.money.saved:,.0f}"),
)
