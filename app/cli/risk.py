"""`telltale risk`: what may fail on one vehicle, why, and how fresh that is."""

from typing import Annotated

import typer

from alerts.changes import Wanted
from app.alerting.explain import Explain
from app.alerting.models import Models
from app.api import words
from app.api.champions import Champion, ChampionOf, kept_curves
from app.api.context import Context
from app.api.vehicles import ModeRiskView, Unusual, Vehicle, described
from app.assembly import load_profiles
from app.cli.desk import WatchOption, opened, shown
from app.cli.options import Json
from app.cli.output import print_json, print_table, when
from app.settings import load_settings
from contracts.alerts import Reason
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
    profiles = load_profiles(None)
    registry = Registry(load_settings().models_dir)
    models = Models(registry, profiles)
    with opened(_champions(registry, models)) as context:
        explain = Explain(context.store, models, profiles)

        def show() -> None:
            card = find_card(context.store, context.tenant, vehicle.strip(), whole=False)
            if card is None:
                raise DataError(f"no vehicle has the id, VIN or plate {vehicle!r}")
            found = described(context, card)
            why = _reasons(context, explain, found) if reasons else []
            if as_json:
                print_json({"vehicle": found, "reasons": why})
            else:
                _print(found, why)

        shown(show, watch=watch)


def _champions(registry: Registry, models: Models) -> ChampionOf:
    def champion_of(profile: str) -> Champion | None:
        name = registry.champion(profile)
        model = models.find(name) if name else None
        if not name or not model:
            return None
        return Champion(name, model[1], model[0].lines, kept_curves(registry, name))

    return champion_of


def _reasons(context: Context, explain: Explain, described: Vehicle) -> list[Reason]:
    """Why the highest risk is what it is, by the model that scored it."""
    if not described.risks or not described.freshness.score_ms:
        return []
    wanted = Wanted(
        "",
        context.tenant,
        described.profile,
        described.vehicle_id,
        described.risks[0].mode,
        described.freshness.score_ms,
        described.scored_by,
    )
    return list(explain(wanted).reasons)


def _print(described: Vehicle, why: list[Reason]) -> None:
    names = (described.plate, described.model, described.depot, described.profile_label)
    fresh = described.freshness
    silent = "; IT IS SILENT" if fresh.silent else ""
    typer.echo(f"{described.vehicle_id}: {', '.join(name for name in names if name)}")
    typer.echo(
        f"Newest data {when(fresh.frame_ms) or 'none'} UTC, newest score "
        f"{when(fresh.score_ms) or 'none'} UTC{silent}"
    )
    columns = ("part", "7 days", "30 days", "90 days", "alerts from", "left")
    if described.unusual:
        typer.echo(_oddness(described.unusual))
    else:
        print_table("Risk", columns, [_row(one) for one in described.risks])
    if described.risks and why:
        typer.echo(f"Why {described.risks[0].label.lower()}:")
    for reason in why:
        typer.echo(f"- {reason.text}")
    for alert in described.alerts:
        label = words.mode_label(alert.profile, alert.mode) if alert.mode else alert.condition
        typer.echo(f"Alert {alert.alert_id}: {label}, {alert.severity}, {alert.state}")


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
