"""What commands with `--watch` share."""

import time
from collections.abc import Callable
from typing import Annotated, Final

import typer
from rich.console import Console

_WATCH_S: Final = 2.0
WatchOption = Annotated[bool, typer.Option("--watch", help="Show it again every two seconds.")]


def shown(show: Callable[[], None], *, watch: bool) -> None:
    """Show once, or again and again until Ctrl-C."""
    show()
    while watch:
        time.sleep(_WATCH_S)
        if (console := Console()).is_terminal:
            console.clear()
        show()
