"""`telltale risk`: what may fail on one vehicle, why, and how fresh that is."""

from collections.abc import Iterator
from typing import Annotated

import typer

from alerts.units import quantity
from app.alerting.models import Models
from app.api import words
from app.api.alerts import ReasonView
from app.api.champions import Champion, ChampionOf, kept_curves
from app.api.held import Held, held
from app.api.reasons import Why, scored, why
from app.api.vehicles import ModeRiskView, Unusual, Vehicle, described
from app.cli.desk import opened
from app.cli.options import Json
from app.cli.output import print_json, print_table, when
from app.cli.watching import WatchOption, shown
from app.profiles import load_profiles
from app.settings import load_settings
from contracts.errors import DataError
from infra.reads.cards import find_card
from models.registry import Registry


def risk(
    vehicle: Annotated[str, typer.Argument(help="Vehicle id, VIN or plate.")],
    *,
    reasons: Annotated[bool, typer.Option(help="Ask the model why, for the highest risk.")] = True,
    watch: WatchOption = False,
    as_json: Json = False,
) -> None:
    """Show a vehicle's risk by part at 7, 30 and 90 days, with reasons and freshness."""
    settings = load_settings()
    profiles, registry = load_profiles(settings), Registry(settings.models_dir)
    models = Models(registry, profiles)
    with opened(_champions(registry, models), models) as context:

        def show() -> None:
            card = find_card(context.store, context.tenant, vehicle.strip(), whole=True)
            if card is None:
                raise DataError(f"no vehicle has the id, VIN or plate {vehicle!r}")
            found = described(context, card)
            told = why(context, card, scored(card)) if reasons and card.risks else None
            if as_json:
                print_json({"vehicle": found, "reasons": [], **(vars(told) if told else {})})
            else:
                _print(found, told, held(found, card))

        shown(show, watch=watch)


def _champions(registry: Registry, models: Models) -> ChampionOf:
    def champion_of(profile: str) -> Champion | None:
        name = registry.champion(profile)
        model = models.find(name) if name else None
        if not name or not model:
            return None
        return Champion(name, model[1], model[0].lines, kept_curves(registry, name))

    return champion_of


def _print(described: Vehicle, told: Why | None, quiet: list[Held]) -> None:
    names = (described.plate, described.model, described.depot, described.profile_label)
    fresh = described.freshness
    silent = "; IT IS SILENT" if fresh.silent else ""
    typer.echo(f"{described.vehicle_id}: {', '.join(name for name in names if name)}")
    typer.echo(
        f"Newest data {when(fresh.frame_ms) or 'none'}, newest score "
        f"{when(fresh.score_ms) or 'none'}{silent}"
    )
    columns = ("part", "7 days", "30 days", "90 days", "alerts from", "left")
    if described.unusual:
        typer.echo(_oddness(described.unusual))
    else:
        print_table("Risk", columns, [_row(one) for one in described.risks])
    for one in quiet:
        typer.echo(_why_no_alert(one))
    for line in _explained(told) if told else ():
        typer.echo(line)
    for alert in described.alerts:
        what = alert.mode_label or alert.condition.replace("_", " ").capitalize()
        typer.echo(f"Alert {alert.alert_id}: {what}, {alert.severity}, {alert.state}")


def _why_no_alert(one: Held) -> str:
    what = f"{one.label}: {one.risk_30:.0%} within 30 days"
    if one.settled_ms:
        return (
            f"{what}. Its alert was closed on {when(one.settled_ms)[:10]} "
            f"({words.outcome_text(one.outcome)}); no new one opens for some days, so that the "
            "risk can come down"
        )
    return (
        f"{what}, yet no alert: the risk is new, or the part was replaced and its risk has to come "
        "down first"
    )


def _explained(told: Why) -> Iterator[str]:
    """Why the risk is what it is, and what would change what follows from it."""
    yield f"Why {told.label.lower()}, {told.risk.days_30:.1%} in 30 days by {told.model}:"
    for reason in told.reasons:
        yield f"- {reason.text}{_measured(reason)}"
    for code in told.fault_codes:
        yield f"- Fault code {code.code}{': ' if code.text else ''}{code.text}"
    if told.cases:
        counts = told.cases.outcomes.items()
        found = ", ".join(f"{words.outcome_text(name)} ({count})" for name, count in counts)
        yield f"Workshops found on others: {found}"
    if told.line is not None and told.clears_below is not None:
        yield (
            f"An alert opens once it stays at {told.line:.1%} or more, and closes by itself once "
            f"it stays below {told.clears_below:.1%}"
        )


def _measured(reason: ReasonView) -> str:
    if reason.value is None:
        return ""
    if reason.expected is None:
        return f" ({quantity(reason.value, reason.unit)})"
    return f" ({quantity(reason.value, '')}, expected {quantity(reason.expected, reason.unit)})"


def _oddness(found: Unusual) -> str:
    """No probability: nothing of this fleet has failed yet, so there is none to give."""
    what = f"more so than {found.rank:.1%} of this fleet's past"
    if not found.is_unusual:
        return f"Nothing unusual ({what}). No risk: nothing of this fleet has failed yet."
    return (
        f"UNUSUAL: {what}, most of all {', '.join(found.signals)}. This is no probability: nothing "
        "of this fleet has failed yet."
    )


def _chance(one: ModeRiskView, days: str) -> str:
    told = f"{getattr(one.risk, days):.1%}"
    if one.ranges is None:
        return told
    range_ = getattr(one.ranges, days)
    return f"{told} ({range_.low:.1%} to {range_.high:.1%})"


def _row(one: ModeRiskView) -> tuple[str, ...]:
    left = ""
    if one.rul:
        left = f"{one.rul.value:,.0f} {one.rul.unit}"
        if one.rul.low is not None and one.rul.high is not None:
            left = f"{left} ({one.rul.low:,.0f} to {one.rul.high:,.0f})"
    chances = (_chance(one, name) for name in ("days_7", "days_30", "days_90"))
    return (one.label, *chances, f"{one.line:.1%}" if one.line is not None else "", left)
