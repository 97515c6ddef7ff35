"""How commands print: tables for people, one JSON object for programs."""

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from math import isnan
from pathlib import Path
from typing import Final

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_UNCUT: Final = 10_000
"""Columns of a pipe or a file, where nobody's screen ends: no row is wrapped or cut."""


def print_json(value: object) -> None:
    """One JSON object on standard output."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2)
    typer.echo(text.decode())


def print_done(text: str, *, as_json: bool, **facts: object) -> None:
    """What a command did: one sentence for people, the facts for programs."""
    if as_json:
        print_json(facts)
    else:
        typer.echo(text)


def written(number: int, things: str, path: Path) -> str:
    """How many `things` (their plural in s) went into a file, as a sentence."""
    told = f"1 {things.removesuffix('s')} is" if number == 1 else f"{number} {things} are"
    return f"{told} in {path}"


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table; numbers stand to the right. Without rows, one line that says so."""
    listed = [list(row) for row in rows]
    if not listed:
        typer.echo(f"{title}: none\n")
        return
    table = Table(title=title, title_justify="left", title_style="bold")
    for index, name in enumerate(columns):
        numeric = bool(listed) and all(isinstance(row[index], int | float) for row in listed)
        # What names a row stays whole, so that it can be copied from a narrow terminal.
        table.add_column(name, justify="right" if numeric else "left", no_wrap=index == 0)
    for row in listed:
        table.add_row(*(_text(value) for value in row))
    shown = sys.stdout.isatty() or "COLUMNS" in os.environ
    Console(width=None if shown else _UNCUT).print(table)


def when(time_ms: int) -> str:
    """A time in UTC, "" for 0."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(" ", "seconds") if time_ms else ""


def _text(value: object) -> str:
    if value is None or (isinstance(value, float) and isnan(value)):
        return "—"
    if isinstance(value, int):
        return f"{value:,}"
    # Text of others may hold brackets, which would else be taken for markup.
    return f"{value:,.3g}" if isinstance(value, float) else escape(str(value))
