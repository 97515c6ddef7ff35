"""`telltale train`: a model from stored history."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from app.cli.bars import bars
from app.cli.decisions import promote_model
from app.cli.modes import print_modes
from app.cli.options import Json, ProfileDir
from app.cli.output import print_json
from app.profiles import load_profiles, profile_of
from app.settings import Settings, load_settings
from contracts.errors import SettingsError
from features.expectation import Expectation
from features.profile import Profile
from infra.store import ClickHouseStore
from models.dask_fit import DaskGrower, connect
from models.grow import LocalGrower, Trees
from models.record import TrainingRecord
from models.registry import Registry
from models.training import EVER, Growers, Options
from models.training import train as train_models


class Trained(msgspec.Struct, frozen=True):
    """The new model, whether it is champion now, and where it comes from."""

    model: str
    promoted: bool
    record: TrainingRecord


def train(  # noqa: PLR0913 (a command has this many options)
    profile: Annotated[str, typer.Option(help="Whose failures to learn.")],
    *,
    since: Annotated[str, typer.Option(help="Learn from rows since this day (2025-01-31).")] = "",
    until: Annotated[
        str, typer.Option(help="As if it were this day: nothing later is known.")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same model.")] = 1,
    trials: Annotated[
        int, typer.Option(min=0, help="Trials of tuning, on folds of training vehicles; 0: none.")
    ] = 0,
    dask: Annotated[
        str, typer.Option(help="Grow trees on this Dask cluster (tcp://host:8786).")
    ] = "",
    device: Annotated[str, typer.Option(help="cpu, or cuda for a GPU.")] = "cpu",
    promote: Annotated[
        bool | None,
        typer.Option(
            "--promote/--no-promote",
            help="Make the new model champion, or don't; otherwise only where there is none.",
            show_default=False,
        ),
    ] = None,
    fresh_expectation: Annotated[
        bool,
        typer.Option(help="Fit anew what signals should be; the workers' state is then rebuilt."),
    ] = False,
    profile_dir: ProfileDir = None,
    as_json: Json = False,
) -> None:
    """Train failure models on stored history and keep them in the registry.

    The first model of a profile is its champion. Any other is a candidate until a person promotes
    it, after a comparison or some weeks as shadow.
    """
    settings = load_settings()
    chosen = profile_of(load_profiles(settings, profile_dir), profile)
    options = Options(
        tenant=settings.tenant,
        since_ms=day_ms("--since", since, 0),
        until_ms=day_ms("--until", until, EVER),
        seed=seed,
        trials=trials,
        trees=Trees(device=device),
    )
    registry = Registry(settings.models_dir)
    with bars(quiet=as_json) as told, growing(dask) as growers:
        done = run(
            settings,
            chosen,
            options,
            told,
            keep_expectation=not fresh_expectation,
            growers=growers,
            registry=registry,
        )
    champion = registry.champion(profile)
    if champion is None if promote is None else promote:
        promote_model(registry, done.model, "champion", "newly trained")
        champion = done.model
    done = msgspec.structs.replace(done, promoted=champion == done.model)
    if as_json:
        print_json(done)
        return
    show(done, champion)


def run(
    settings: Settings,
    profile: Profile,
    options: Options,
    progress: Callable[[str, float], None],
    *,
    keep_expectation: bool = True,
    growers: Growers = LocalGrower,
    registry: Registry | None = None,
) -> Trained:
    """Train and save; nobody is promoted. Raises DataError, ModelError, UnavailableError."""
    registry = registry or Registry(settings.models_dir)
    expectation = champions_expectation(registry, profile) if keep_expectation else None
    began = time.monotonic()
    bundle, record = train_models(
        ClickHouseStore(settings.store()), profile, options, expectation, progress, growers
    )
    record = msgspec.structs.replace(
        record,
        trained_ms=time.time_ns() // 1_000_000,
        seconds=time.monotonic() - began,
        git=git_version(),
    )
    return Trained(registry.save(bundle, record), promoted=False, record=record)


@contextmanager
def growing(scheduler: str) -> Iterator[Growers]:
    """Where trees are grown: here, or on a Dask cluster. Raises UnavailableError."""
    if not scheduler:
        yield LocalGrower
        return
    with connect(scheduler) as client:
        yield partial(DaskGrower, client)


def git_version() -> str:
    """The commit of the code that trains, "+" for one with changes; "" outside of a checkout."""
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return ""
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(  # noqa: S603 (our own command)
            command, cwd=folder, capture_output=True, text=True, timeout=10, check=True
        )
        return done.stdout.strip()
    return ""


def champions_expectation(registry: Registry, profile: Profile) -> Expectation | None:
    """What the workers' state is made with, if it still fits the profile."""
    champion = registry.champion(profile.name)
    if champion is None:
        return None
    found = registry.load(champion)[1]
    fits = found.paths == tuple(signal.path for signal in profile.signals)
    return found if fits else None


def day_ms(option: str, text: str, otherwise: int) -> int:
    """`"2025-01-31"` -> milliseconds of its first moment, UTC. Raises SettingsError."""
    if not text:
        return otherwise
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000)
    except ValueError:
        raise SettingsError(f"{option} {text!r} is no day; write it like 2025-01-31") from None


def show(done: Trained, champion: str | None) -> None:
    """The new model in words, and what to do with it beside the present `champion`."""
    record = done.record
    print_modes(f"{done.model}: {record.rows:,} rows of {record.vehicles} vehicles", record.modes)
    for note in [*record.notes, *(f"{one.mode}: {one.note}" for one in record.modes if one.note)]:
        typer.echo(note)
    typer.echo(_next(done, champion))


def _next(done: Trained, champion: str | None) -> str:
    if done.promoted:
        return "It is champion now."
    promote = f"`telltale models promote {done.model}`"
    if champion is None:
        return f"It is not champion yet: {promote} makes it so."
    return (
        f"The champion is still {champion}: `telltale models promote {done.model} --alias shadow` "
        "has this one score beside it, `telltale models compare --profile "
        f"{done.record.profile} --live` then says which is better, and {promote} makes it champion."
    )
