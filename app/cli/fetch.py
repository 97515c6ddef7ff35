"""`telltale fetch`: the embedded broker's jars, once, so that later starts need no network."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from app.cli.options import Json
from app.cli.output import print_json
from infra import jars


def fetch(
    *,
    lock: Annotated[bool, typer.Option(help="Resolve anew and rewrite the lock file.")] = False,
    as_json: Json = False,
) -> None:
    """Download the embedded Kafka's jars (45 MB) and check them against the lock."""
    if lock:
        path = Path(str(files("infra").joinpath("kafka.lock.toml")))
        path.write_text(jars.lock(), encoding="utf-8")
    console = Console(stderr=True)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("Kafka's jars", total=None)
        paths = jars.fetch_jars(
            lambda done, of: progress.update(task, completed=done, total=of),
        )
    if as_json:
        print_json({"jars": [str(path) for path in paths]})
    else:
        console.print(f"{len(paths)} jars are there and are what the lock says.")
