"""Options that the evaluations share, and how they show that they are at work."""

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

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


@contextmanager
def bars(*, quiet: bool) -> Iterator[Callable[[str, float], None]]:
    """A progress bar a step, on standard error."""
    with Progress(transient=True, disable=quiet) as progress:
        tasks = {}

        def told(step: str, share: float) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step.capitalize(), total=1.0)
            progress.update(tasks[step], completed=share)

        yield told


def write_report(folder: Path, name: str, report: ReportPage) -> Path:
    """Write `FOLDER/NAME.html`. Raises DataError when the folder can't be written."""
    file = folder / f"{name}.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(render(report), encoding="utf-8")
    except OSError as error:
        raise DataError(f"{file}: the report can't be written ({error.strerror})") from error
    return file
