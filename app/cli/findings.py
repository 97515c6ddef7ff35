"""`telltale findings`: what the workshop found; it becomes a label for training."""

from typing import Annotated, get_args

import typer
from msgspec.structs import asdict

from app.api import words
from app.cli.acting import acting
from app.cli.desk import opened, vehicle_of
from app.cli.options import Json
from app.cli.output import print_json
from contracts.alerts import Outcome
from contracts.errors import DataError
from contracts.records import VehicleEvent

app = typer.Typer(help="What the workshop found.", no_args_is_help=True)


@app.command()
def add(
    vehicle: Annotated[str, typer.Argument(help="Vehicle id, VIN or plate.")],
    mode: Annotated[str, typer.Argument(help="The failure mode, like coolant_pump.")],
    outcome: Annotated[str, typer.Argument(help=f"One of {', '.join(get_args(Outcome))}.")],
    *,
    note: Annotated[str, typer.Option(help="A few words about it.")] = "",
    as_json: Json = False,
) -> None:
    """Put a finding into the vehicle's own history; it closes an alert about that part."""
    if outcome not in get_args(Outcome):
        raise DataError(f"outcome {outcome!r}: choose from {', '.join(get_args(Outcome))}")
    with opened() as context:
        found = vehicle_of(context, vehicle)
        profile = words.profile_of(found.profile)
        if profile is None or words.mode_of(found.profile, mode) is None:
            known = ", ".join(one.name for one in profile.modes) if profile else "none"
            raise DataError(f"{found.profile} has no failure mode {mode!r}; it has {known}")
        detail = {"outcome": outcome, "note": note, "actor": acting(context.tenant).actor}
        event = VehicleEvent(
            context.tenant,
            found.profile,
            found.vehicle_id,
            context.now_ms(),
            "finding",
            mode,
            detail,
        )
        context.publisher.event(event)
    if as_json:
        print_json(asdict(event))
        return
    typer.echo(f"{found.vehicle_id}: {mode} {outcome.replace('_', ' ')}; it is in its history now")
