"""`telltale workorders`: what a workshop is to do, so that a vehicle comes in once."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, get_args
from zoneinfo import ZoneInfo

import typer

from app.api import words
from app.api.context import Context
from app.api.workorders import Shown, filter_of, order_views, workshop_of
from app.cli.acting import acting
from app.cli.desk import narrowed_to, opened, vehicle_of
from app.cli.options import DepotOption, Json, VehicleOption
from app.cli.output import print_done, print_json, print_table, written
from app.cli.watching import WatchOption, shown
from app.orders_export import as_calendar, as_csv
from app.workshop import Workshop, start_text
from contracts.alerts import Outcome
from contracts.errors import DataError, SettingsError
from contracts.workorders import WorkOrder
from infra.reads.alerts import ACTIVE as STANDING
from infra.reads.alerts import alerts_by_id, find_alerts
from infra.reads.names import plates_of
from infra.workorders import WorkOrders

app = typer.Typer(help="Work orders made of alerts.", no_args_is_help=True)
IdArgument = Annotated[str, typer.Argument(help="The work order's id.")]
StateOption = Annotated[Shown, typer.Option(help="Only these.")]
NoteOption = Annotated[str, typer.Option(help="A few words about it.")]


@app.command("list")
def list_orders(
    *,
    state: StateOption = "active",
    vehicle: VehicleOption = "",
    depot: DepotOption = "",
    watch: WatchOption = False,
    as_json: Json = False,
) -> None:
    """List work orders, the first to begin first."""
    with opened() as context:

        def show() -> None:
            _print_list(context, _of(context, state, vehicle, depot), as_json=as_json)

        shown(show, watch=watch)


@app.command()
def show(order_id: IdArgument, *, as_json: Json = False) -> None:
    """Show one work order: the job card."""
    with opened() as context:
        _print(context, _found(context, order_id), as_json=as_json)


@app.command()
def create(
    vehicle: Annotated[str, typer.Argument(help="Vehicle id, VIN or plate.")],
    alert: Annotated[
        list[str] | None, typer.Option(help="Only these alerts; repeat it. Else all that stand.")
    ] = None,
    *,
    note: NoteOption = "",
    as_json: Json = False,
) -> None:
    """Make a work order of a vehicle's alerts and propose a day for it."""
    with opened() as context:
        found = vehicle_of(context, vehicle)
        profile = words.profile_of(found.profile)
        if profile is None:
            raise DataError(f"the profile {found.profile} of {found.vehicle_id} is unknown here")
        if alert:
            chosen = list(alerts_by_id(context.store, context.tenant, alert).values())
        else:
            chosen = find_alerts(
                context.store, context.tenant, states=STANDING, vehicle_id=found.vehicle_id
            )
        mine = [one for one in chosen if one.vehicle_id == found.vehicle_id]
        standing = [one for one in mine if one.state != "resolved"]
        made = _workshop(context).create(profile, found.depot, standing, note)
        _print(context, made, as_json=as_json)


@app.command()
def plan(
    order_id: IdArgument,
    begin: Annotated[datetime, typer.Argument(help="In the workshop's zone: 2026-05-04T08:00:00.")],
    *,
    note: NoteOption = "",
    as_json: Json = False,
) -> None:
    """Fix when it begins."""
    with opened() as context:
        zone = ZoneInfo(context.settings.workshop.timezone)
        start_ms = round(begin.replace(tzinfo=zone).timestamp() * 1_000)
        _change(context, order_id, lambda shop, one: shop.plan(one, start_ms, note), as_json)


@app.command()
def close(
    order_id: IdArgument,
    found: Annotated[
        list[str], typer.Option(help="MODE=OUTCOME[:note], for every part; repeat it.")
    ],
    *,
    note: NoteOption = "",
    as_json: Json = False,
) -> None:
    """Done: what was found becomes labels, and closes the alerts."""
    findings = dict(_finding(text) for text in found)
    with opened() as context:
        _change(context, order_id, lambda shop, one: shop.close(one, findings, note), as_json)


@app.command()
def cancel(order_id: IdArgument, *, note: NoteOption = "", as_json: Json = False) -> None:
    """It won't be done; the alerts that it acknowledged are open again."""
    with opened() as context:
        _change(context, order_id, lambda shop, one: shop.cancel(one, note), as_json)


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="A file that ends in .ics or .csv.")],
    *,
    state: StateOption = "active",
    vehicle: VehicleOption = "",
    depot: DepotOption = "",
    as_json: Json = False,
) -> None:
    """Write work orders as a calendar (.ics) or for a spreadsheet (.csv)."""
    if path.suffix not in {".ics", ".csv"}:
        raise SettingsError(f"{path}: give a file that ends in .ics or .csv")
    with opened() as context:
        found = _of(context, state, vehicle, depot)
        plates = plates_of(context.store, context.tenant, [one.vehicle_id for one in found])
    made = as_calendar(found, plates) if path.suffix == ".ics" else as_csv(found, plates).encode()
    path.write_bytes(made)
    text = written(len(found), "work orders", path)
    print_done(text, as_json=as_json, path=str(path), orders=len(found))


def _of(context: Context, state: Shown, vehicle: str, depot: str) -> list[WorkOrder]:
    wanted = filter_of(state, narrowed_to(context, vehicle), depot)
    return WorkOrders(context.store).of(context.tenant, wanted)


def _found(context: Context, order_id: str) -> WorkOrder:
    found = WorkOrders(context.store).find(context.tenant, order_id)
    if found is None:
        raise DataError(f"no work order {order_id!r}; `telltale workorders list` shows their ids")
    return found


def _workshop(context: Context) -> Workshop:
    return workshop_of(context, acting(context.tenant).actor)


def _change(
    context: Context,
    order_id: str,
    change: Callable[[Workshop, WorkOrder], WorkOrder],
    as_json: bool,  # noqa: FBT001 (passed on)
) -> None:
    changed = change(_workshop(context), _found(context, order_id))
    _print(context, changed, as_json=as_json)


def _finding(text: str) -> tuple[str, tuple[Outcome, str]]:
    mode, equals, rest = text.partition("=")
    outcome, _, note = rest.partition(":")
    if not equals or outcome not in get_args(Outcome):
        known = ", ".join(get_args(Outcome))
        raise DataError(f"--found {text!r}: write MODE=OUTCOME[:note]; outcomes are {known}")
    return mode.strip(), (outcome, note.strip())  # type: ignore[return-value]


def _print_list(context: Context, found: list[WorkOrder], *, as_json: bool) -> None:
    views, zone = order_views(context, found), context.settings.workshop.timezone
    if as_json:
        print_json({"orders": views})
        return
    rows = [
        (
            one.order_id,
            one.state,
            view.plate or one.vehicle_id,
            one.depot,
            start_text(one, zone),
            one.minutes,
            ", ".join(job.label for job in one.jobs),
        )
        for one, view in zip(found, views, strict=True)
    ]
    columns = ("id", "state", "vehicle", "depot", f"begins ({zone})", "minutes", "what")
    print_table("Work orders", columns, rows)


def _print(context: Context, order: WorkOrder, *, as_json: bool) -> None:
    (view,) = order_views(context, [order])
    if as_json:
        print_json(view)
        return
    zone = context.settings.workshop.timezone
    checks = sum(minutes for job in order.jobs for _, minutes in job.checks)
    typer.echo(
        f"{order.order_id}: {view.plate or view.vehicle_id}, {order.depot or 'no depot'}, "
        f"{order.state}\n"
        f"Begins {start_text(order, zone)} ({zone}), {order.minutes} minutes ({checks} of checks, "
        f"{order.minutes - checks} of repair): {order.why}"
    )
    rows = [
        (job.label, what, minutes, job.outcome)
        for job in order.jobs
        for what, minutes in job.checks
    ]
    print_table("Check first", ("part", "what", "minutes", "found"), rows)
