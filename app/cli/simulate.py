"""`telltale simulate`: a fleet's history into the store, straight, ending at midnight today."""

import time
from typing import Annotated

import msgspec
import typer
from rich.progress import track

from app.cli.options import Json
from app.cli.output import print_json
from app.settings import load_settings
from contracts.errors import SettingsError
from contracts.ports import ResultStore
from infra.store import ClickHouseStore
from ingest.simulator.fleet import KINDS, Fleet
from ingest.simulator.spec import DAY_MS, FleetSpec


class Written(msgspec.Struct, frozen=True):
    """What was simulated and stored."""

    vehicles: int
    frames: int
    events: int
    failures: int
    predictable_failures: int


def simulate(
    fleet: Annotated[
        list[str], typer.Option("--fleet", "-f", help="PROFILE=VEHICLES; may be repeated.")
    ] = ["car-combustion=40", "car-electric=40", "truck-diesel=40"],  # noqa: B006 (typer reads it)
    days: Annotated[int, typer.Option(min=1, help="Days of history.")] = 400,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same fleet.")] = 1,
    *,
    as_json: Json = False,
) -> None:
    """Write a simulated fleet's past into the store. `telltale demo` streams its present too."""
    settings = load_settings()
    today_ms = int(time.time() * 1_000) // DAY_MS * DAY_MS
    spec = FleetSpec(wanted(fleet), seed, today_ms - days * DAY_MS, days, settings.tenant)
    written = write_history(Fleet(spec), ClickHouseStore(settings.store()), quiet=as_json)
    if as_json:
        print_json(written)
        return
    typer.echo(
        f"{written.vehicles} vehicles, {written.frames:,} frames, {written.events:,} events, "
        f"{written.failures} failures ({written.predictable_failures} of them predictable)"
    )


def wanted(fleet: list[str]) -> dict[str, int]:
    """`["truck-diesel=40"]` -> `{"truck-diesel": 40}`. Raises SettingsError."""
    found: dict[str, int] = {}
    for text in fleet:
        profile, _, count = text.partition("=")
        if profile not in KINDS or not count.isdecimal():
            known = ", ".join(KINDS)
            raise SettingsError(f"--fleet {text!r}: write PROFILE=VEHICLES; profiles are {known}")
        found[profile] = int(count)
    return found


def write_history(fleet: Fleet, store: ResultStore, *, quiet: bool) -> Written:
    """Write everything up to the end of the fleet's span."""
    frames = events = 0
    chunks = fleet.history(fleet.spec.end_ms)
    for summaries, happened in track(
        chunks, "Simulating", total=fleet.groups, disable=quiet, transient=True
    ):
        store.write_summaries(summaries)
        store.write_events(happened)
        frames += len(summaries)
        events += len(happened)
    truth = fleet.truth()
    predictable = sum(failure.predictable for failure in truth)
    return Written(len(fleet.vehicle_ids), frames, events, len(truth), predictable)
