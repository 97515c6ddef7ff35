"""What a model is by failure mode, as a table."""

from collections.abc import Sequence

import typer

from app.cli.output import print_table
from models.record import ModeRecord


def print_modes(title: str, modes: Sequence[ModeRecord]) -> None:
    """A line a mode; the title alone where there is none."""
    if not modes:
        typer.echo(title)
        return
    names = ("mode", "method", "failures", "AUC", "average precision", "expected/observed")
    rows = [
        (
            one.mode,
            one.method,
            one.failures,
            one.auc,
            one.average_precision,
            one.expected_over_observed,
            one.line,
        )
        for one in modes
    ]
    print_table(title, (*names, "line"), rows)
