"""`telltale replay`: recorded logs through Kafka as if they came live."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from app.cli.options import Json, ProfileDir
from app.cli.output import print_json
from app.profiles import load_profiles
from app.replay.job import Job, Replayed, run_job
from app.settings import load_settings
from contracts.errors import DataError, ProfileError, SettingsError
from ingest.adapters.formats import FORMATS, recognise
from ingest.adapters.reading import ReadOptions

STOPPED = 130
_MAX_ID = 64
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)


def replay(  # noqa: PLR0913 (one argument an option)
    path: Annotated[Path, typer.Argument(help="File or folder of logs.")],
    *,
    speed: Annotated[
        float, typer.Option(min=0, help="Seconds of event time a second; 0: as fast as it goes.")
    ] = 0.0,
    format_: Annotated[
        str, typer.Option("--format", help=f"{', '.join(FORMATS)}; else it is recognised.")
    ] = "",
    vehicle: Annotated[str, typer.Option(help="The vehicle's id, where the log has none.")] = "",
    profile: Annotated[str, typer.Option(help="Another profile than the format's own.")] = "",
    profile_dir: ProfileDir = None,
    start: Annotated[str, typer.Option(help="Time of the first record, ISO 8601, UTC.")] = "",
    resume: Annotated[bool, typer.Option(help="Go on where an earlier run ended.")] = True,
    as_json: Json = False,
) -> None:
    """Stream recorded logs through Kafka. What can't be read becomes a dead letter."""
    settings = load_settings()
    name = format_ or recognise(path)
    _check_format(name, vehicle)
    known = load_profiles(settings, profile_dir)
    if profile and profile not in known:
        raise ProfileError(f"--profile {profile!r}: there are {', '.join(sorted(known))}")
    options = ReadOptions(settings.tenant, profile, vehicle)
    job = Job(path, name, options, speed, start_ms(start), resume)
    with _bar(job, quiet=as_json) as on_bytes, _stopped_by_signals() as stop:
        watched = replace(job, options=replace(options, on_bytes=on_bytes))
        done = run_job(settings, watched, stop)
    if not done.records and done.complete:
        refused = sum(done.refused.values())
        raise DataError(
            f"{path}: nothing in it could be read as {name}, {refused:,} rows were refused; "
            "`telltale dead-letters list` says why"
        )
    if as_json:
        print_json(done)
    else:
        typer.echo(in_words(done))
    if not done.complete:
        raise typer.Exit(STOPPED)


def _check_format(name: str, vehicle: str) -> None:
    if name not in FORMATS:
        raise SettingsError(f"--format {name!r}: choose from {', '.join(FORMATS)}")
    if vehicle and FORMATS[name].names_vehicles:
        raise SettingsError(f"--vehicle: logs of format {name} name their vehicles; leave it out")
    if len(vehicle) > _MAX_ID or not vehicle.isprintable():
        raise SettingsError(f"--vehicle: give 1 to {_MAX_ID} printable characters")


def start_ms(text: str) -> int | None:
    """Unix ms of `--start`, None where it isn't given. Raises SettingsError."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"--start {text!r}: write a date like 2026-03-01T08:00") from None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    if not _FIRST <= found <= datetime.now(UTC):
        raise SettingsError(f"--start {text}: it lies before 2000 or ahead of now; choose another")
    return round(found.timestamp() * 1_000)


def in_words(done: Replayed) -> str:
    """What came of it, for people."""
    if done.complete and not done.sent and done.resumed_at:
        return f"All {done.records:,} records went out before; --no-resume sends them again."
    refused = ", ".join(f"{reason} {count:,}" for reason, count in sorted(done.refused.items()))
    held = f"{done.frames:,} frames ({done.samples:,} samples) and {done.events:,} events"
    lines = [
        f"{done.sent:,} records sent in {done.seconds:,.1f} s; the log holds {held}.",
        f"Refused: {refused or 'none'}.",
    ]
    if done.resumed_at:
        lines.append(f"Went on after {done.resumed_at:,} items of an earlier run.")
    if done.left_out:
        lines.append(f"Left out, of another format: {', '.join(done.left_out)}.")
    if not done.complete:
        lines.append("Stopped; the same command goes on from here.")
    return "\n".join(lines)


@contextmanager
def _bar(job: Job, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar of the bytes taken in; yields what to call with them."""
    total = sum(file.stat().st_size for file in job.files())
    console = Console(stderr=True)
    hidden = quiet or not console.is_terminal
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console, disable=hidden, transient=True) as bar:
        task = bar.add_task(job.form.label, total=total)
        yield lambda count: bar.advance(task, count)


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C or SIGTERM sets; a second Ctrl-C ends the process."""
    stop = threading.Event()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.default_int_handler)

    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
