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
