"""`telltale battery`: how much a vehicle's traction battery still holds."""

from typing import Annotated

import typer

from app.api.battery import BatteryView, battery_of
from app.cli.desk import opened, vehicle_of
from app.cli.options import Json
from app.cli.output import print_json, when


def show_battery(
    vehicle: Annotated[str, typer.Argument(help="Vehicle id, VIN or plate.")],
    *,
    as_json: Json = False,
) -> None:
    """Show the state of health of a vehicle's traction battery, told by its charges."""
    with opened() as context:
        found = battery_of(context, vehicle_of(context, vehicle))
    if as_json:
        print_json(found)
    else:
        _print(found)


def _print(found: BatteryView) -> None:
    told = found.health
    if told is None:
        typer.echo(f"{found.vehicle_id}: {found.why}")
        return
    typer.echo(
        f"{found.vehicle_id}: {told.percent:.0f} % of new ({told.low:.0f} to {told.high:.0f}), by "
        f"{found.charges} charges from {when(told.first_ms)} to {when(told.last_ms)}"
    )
    if told.reason:
        typer.echo(f"Above new: {told.reason}")
