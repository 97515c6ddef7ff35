"""Options that many commands take."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
ProfileDir = Annotated[
    Path | None,
    typer.Option(
        exists=True, file_okay=False, help="Folder of profiles in place of TELLTALE_PROFILES."
    ),
]
VehicleOption = Annotated[str, typer.Option(help="Only of this one: vehicle id, VIN or plate.")]
DepotOption = Annotated[str, typer.Option(help="Only of this depot.")]
ProfileOption = Annotated[str, typer.Option(help="Only of this kind of vehicle.")]
ModeOption = Annotated[str, typer.Option(help="Only of this failure mode.")]
