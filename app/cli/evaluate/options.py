"""Options that the evaluations share, and how they show that they are at work."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from contracts.errors import DataError
from models.reports.page import Report as ReportPage
from models.reports.page import render

Data = Annotated[
    Path, typer.Option("--data", help="Folder of the data set.", exists=True, file_okay=False)
]
Report = Annotated[
    Path | None,
    typer.Option("--report", help="Folder for an HTML report with plots.", file_okay=False),
]


def command_line() -> str:
    """The command as it was given, without paths of this machine."""
    parts = [Path(part).name if "/" in part else part for part in sys.argv[1:]]
    return shlex.join(["telltale", *parts])


def write_report(folder: Path, name: str, report: ReportPage) -> Path:
    """Write `FOLDER/NAME.html`. Raises DataError when the folder can't be written."""
    file = folder / f"{name}.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(render(report), encoding="utf-8")
    except OSError as error:
        raise DataError(f"{file}: the report can't be written ({error.strerror})") from error
    return file
