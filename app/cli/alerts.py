"""`telltale alerts`: what was found, and what people do about it."""

from dataclasses import replace
from typing import Annotated, get_args

import typer

from alerts.message import what_of
from app.alerts_export import table_of
from app.api.alert_tables import wanted_of
from app.api.alerts import AlertView, Group, alert_views
from app.api.context import Context
from app.cli import silences
from app.cli.desk import alert_of, ask, conclude, narrowed_to, opened, span_ms
from app.cli.options import DepotOption, Json, ModeOption, ProfileOption, VehicleOption
from app.cli.output import print_json, print_table, when
from app.cli.tables import TablePath, check_table, write_table
from app.cli.watching import WatchOption, shown
from app.profiles import known_profiles
from contracts.alerts import Alert, Outcome, Severity, Transition
from contracts.errors import DataError
from infra.reads import alerts as stored
from infra.reads.triage import Only, Pile, newest, triage

app = typer.Typer(help="Alerts, and what people do about them.", no_args_is_help=True)
StateOption = Annotated[
    Group | None, typer.Option(help="Only in this state; active where no pile is named.")
]
PileOption = Annotated[Pile | None, typer.Option(help="Only a pile of the alerts page.")]
SeverityOption = Annotated[Severity | None, typer.Option(help="Only this grave.")]
IdArgument = Annotated[str, typer.Argument(help="The alert's id.")]
WhyOption = Annotated[str, typer.Option("--why", help="A few words for those who read it later.")]


@app.command("list")
def list_alerts(  # noqa: PLR0913 (options)
    *,
    state: StateOption = None,
    pile: PileOption = None,
    severity: SeverityOption = None,
    depot: DepotOption = "",
    mode: ModeOption = "",
    profile: ProfileOption = "",
    vehicle: VehicleOption = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="The newest so many.")] = 50,
    watch: WatchOption = False,
    as_json: Json = False,
) -> None:
    """List alerts, the newest opened first."""
    with opened() as context:
        only = Only(severity or "", depot, mode, profile, narrowed_to(context, vehicle))

        def show() -> None:
            wanted = replace(wanted_of(context, only, pile or "", state or ""), limit=limit)
            found = newest(context.store, context.tenant, wanted)
            _print_list(context, found, as_json=as_json)

        shown(show, watch=watch)


@app.command()
def export(  # noqa: PLR0913 (options)
    path: TablePath,
    *,
    state: StateOption = None,
    pile: PileOption = None,
    severity: SeverityOption = None,
    depot: DepotOption = "",
    mode: ModeOption = "",
    profile: ProfileOption = "",
    vehicle: VehicleOption = "",
    as_json: Json = False,
) -> None:
    """Write at most 50,000 alerts for a spreadsheet (.csv) or a program (.parquet)."""
    check_table(path)
    with opened() as context:
        only = Only(severity or "", depot, mode, profile, narrowed_to(context, vehicle))
        wanted = wanted_of(context, only, pile or "", state or "")
        found = triage(context.store, context.tenant, wanted)
    write_table(path, table_of(found), "alerts", as_json=as_json)


@app.command()
def show(alert_id: IdArgument, *, watch: WatchOption = False, as_json: Json = False) -> None:
    """Show one alert: why it fired, what to check first, what became of it."""
    with opened() as context:

        def look() -> None:
            alert = alert_of(context, alert_id)
            view = alert_views(context, [alert])[0]
            changes = stored.transitions(context.store, context.tenant, alert_id)
            if as_json:
                print_json({"alert": view, "transitions": changes})
            else:
                _print_alert(alert, view, changes)

        shown(look, watch=watch)


@app.command()
def ack(alert_id: IdArgument, *, why: WhyOption = "", as_json: Json = False) -> None:
    """Say that you take care of it."""
    with opened() as context:
        command = ask(context, "acknowledge", alert_of(context, alert_id), why=why)
        conclude(context, command, as_json=as_json)


@app.command()
def reopen(alert_id: IdArgument, *, why: WhyOption = "", as_json: Json = False) -> None:
    """Say that nobody takes care of it after all: it asks again."""
    with opened() as context:
        command = ask(context, "reopen", alert_of(context, alert_id), why=why)
        conclude(context, command, as_json=as_json)


@app.command()
def assign(
    alert_id: IdArgument,
    assignee: Annotated[str, typer.Argument(help='To whom; "" = to nobody.')],
    *,
    why: WhyOption = "",
    as_json: Json = False,
) -> None:
    """Give it to somebody."""
    with opened() as context:
        alert = alert_of(context, alert_id)
        command = ask(context, "assign", alert, why=why, assignee=assignee)
        conclude(context, command, as_json=as_json)


@app.command()
def comment(
    alert_id: IdArgument,
    text: Annotated[str, typer.Argument(help="What to write down.")],
    *,
    as_json: Json = False,
) -> None:
    """Write a comment into its history."""
    with opened() as context:
        command = ask(context, "comment", alert_of(context, alert_id), why=text)
        conclude(context, command, as_json=as_json)


@app.command()
def snooze(
    alert_id: IdArgument,
    span: Annotated[str, typer.Argument(help='For how long, like "2d" or "6h".')],
    *,
    why: WhyOption = "",
    as_json: Json = False,
) -> None:
    """Put it aside; it asks again at the end."""
    with opened() as context:
        alert = alert_of(context, alert_id)
        until_ms = context.now_ms() + span_ms(span, "span")
        command = ask(context, "snooze", alert, why=why, until_ms=until_ms)
        conclude(context, command, as_json=as_json)


@app.command()
def resolve(
    alert_id: IdArgument,
    outcome: Annotated[str, typer.Argument(help=f"One of {', '.join(get_args(Outcome))}.")],
    *,
    why: WhyOption = "",
    as_json: Json = False,
) -> None:
    """Close it with what the workshop found; that becomes a label for training."""
    if outcome not in get_args(Outcome):
        raise DataError(f"outcome {outcome!r}: choose from {', '.join(get_args(Outcome))}")
    with opened() as context:
        alert = alert_of(context, alert_id)
        command = ask(context, "resolve", alert, why=why, outcome=outcome)
        conclude(context, command, as_json=as_json)


app.command()(silences.silence)
app.command()(silences.silences)
app.command()(silences.unsilence)


def _print_list(context: Context, found: list[Alert], *, as_json: bool) -> None:
    views = alert_views(context, found)
    if as_json:
        print_json({"alerts": views})
        return
    rows = [
        (
            one.alert_id,
            one.severity,
            _state_text(one),
            view.plate or one.vehicle_id,
            what_of(one, known_profiles()),
            f"{one.risk.risk_30:.0%}" if one.mode else "",
            when(one.opened_ms),
            one.assignee,
            one.reasons[0].text if one.reasons else "",
        )
        for one, view in zip(found, views, strict=True)
    ]
    columns = ("id", "severity", "state", "vehicle", "what", "30 days", "opened", "who", "why")
    print_table("Alerts", columns, rows)


def _state_text(alert: Alert) -> str:
    if alert.snoozed_until_ms:
        return "snoozed"
    return f"{alert.state}, quiet" if alert.muted_by else alert.state


def _dangers(view: AlertView) -> str:
    """What may come of it; only a part has a risk and a price."""
    risk = view.risk
    return (
        f"Risk {risk.days_7:.0%} in 7 days, {risk.days_30:.0%} in 30, {risk.days_90:.0%} in 90; "
        f"it opened at {view.line:.0%} and closes by itself below {view.clears_below:.0%}\n"
        f"Waiting costs {view.waiting.expected:,.0f} {view.waiting.currency}, "
        f"a planned repair {view.waiting.planned:,.0f}"
    )


def _print_alert(alert: Alert, view: AlertView, changes: list[Transition]) -> None:
    what = what_of(alert, known_profiles())
    typer.echo(f"{what} of {view.plate or view.vehicle_id}: {view.state}, {view.severity}")
    if alert.mode:
        typer.echo(_dangers(view))
    if view.rul:
        typer.echo(f"Left: {view.rul.value:,.0f} {view.rul.unit}")
    for reason in view.reasons:
        typer.echo(f"- {reason.text}")
    for code in view.fault_codes:
        typer.echo(f"Fault code {code.code} {code.text}".rstrip())
    checks = [(one.text, one.minutes or "") for one in view.checks]
    print_table("Check first", ("what", "minutes"), checks)
    rows = [(when(one.time_ms), one.actor, one.step or one.after, one.why) for one in changes]
    print_table("What became of it", ("time", "who", "did", "why"), rows)
