"""`telltale models`: what is in the registry, who is champion, and who said so."""

import time
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from app.cli.acting import person
from app.cli.bars import bars
from app.cli.decisions import note_decision, promote_model
from app.cli.modes import print_modes
from app.cli.options import Json, ProfileDir
from app.cli.output import print_done, print_json, print_table
from app.lab.compared import Compared, compare_live, compared
from app.profiles import load_profiles, profile_of
from app.settings import load_settings
from contracts.errors import DataError
from infra.store import ClickHouseStore
from models.compare import compare as compare_rows
from models.judging import judge
from models.manifest import Manifest
from models.registry import ALIASES, TRIALS, Alias, Decision, Registry
from models.table import Scope

app = typer.Typer(help="Models: list, look at, promote, withdraw, roll back.", no_args_is_help=True)
Actor = Annotated[str, typer.Option(help="Who decides; kept in the registry.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the registry.")]


class Listed(msgspec.Struct, frozen=True):
    """A model in a list; `damaged` says why it can't be loaded, "" where it is what was written."""

    model: str
    profile: str
    aliases: list[str]
    trained: str
    vehicles: int
    failures: int
    damaged: str = ""


class Shown(msgspec.Struct, frozen=True):
    """A model with all that is known of it."""

    manifest: Manifest
    aliases: list[str]
    history: list[Decision]


@app.command("list")
def list_models(
    profile: Annotated[str, typer.Option(help="Only models of this profile.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """All models, oldest first; damaged ones with the reason."""
    registry = Registry(load_settings().models_dir)
    damaged = dict(registry.damaged(profile))
    found = [
        _listed(registry, manifest, damaged.pop((manifest.profile, manifest.id), ""))
        for manifest in registry.list(profile)
    ]
    # What can't say when it was trained comes last.
    found += [
        Listed(model, whose, _aliases(registry, whose, model), "", 0, 0, why)
        for (whose, model), why in damaged.items()
    ]
    if as_json:
        print_json(found)
        return
    print_table(
        "Models",
        ("model", "profile", "aliases", "trained", "vehicles", "failures"),
        [
            (m.model, m.profile, ", ".join(m.aliases), m.trained, m.vehicles, m.failures)
            for m in found
        ],
    )
    for one in found:
        if one.damaged:
            typer.echo(f"DAMAGED: {one.damaged}")


@app.command()
def show(model: str, *, as_json: Json = False) -> None:
    """One model: its figures, its lines, and the decisions about it."""
    registry = Registry(load_settings().models_dir)
    manifest = registry.manifest(model)
    told = [one for one in registry.history(manifest.profile) if model in {one.bundle, one.before}]
    found = Shown(manifest, _aliases(registry, manifest.profile, manifest.id), told)
    if as_json:
        print_json(found)
        return
    print_modes(f"{model} ({', '.join(found.aliases) or 'no alias'})", manifest.record.modes)
    print_table(
        "Decisions",
        ("when", "what", "alias", "model", "before", "who", "why"),
        [
            (_when(d.time_ms), d.action, d.alias, d.bundle, d.before, d.actor, d.reason)
            for d in told
        ],
    )


@app.command()
def promote(
    model: str,
    alias: Annotated[str, typer.Option(help="champion, challenger or shadow.")] = "champion",
    actor: Actor = "",
    reason: Reason = "",
    *,
    as_json: Json = False,
) -> None:
    """Give a model an alias; the workers take up a new champion within seconds."""
    registry = Registry(load_settings().models_dir)
    promote_model(registry, model, _alias(alias), reason, actor)
    print_done(f"{model} is {alias} now", as_json=as_json, model=model, alias=alias)


@app.command()
def rollback(
    profile: str, actor: Actor = "", reason: Reason = "", *, as_json: Json = False
) -> None:
    """Make the champion before the present one champion again."""
    registry = Registry(load_settings().models_dir)
    found = registry.roll_back(profile, actor or person(), reason, _now())
    note_decision("model rolled back", found, reason, actor)
    text = f"{found} is champion again"
    print_done(text, as_json=as_json, model=found, alias="champion")


@app.command()
def withdraw(
    profile: str,
    alias: Annotated[str, typer.Option(help="challenger or shadow.")] = "shadow",
    actor: Actor = "",
    reason: Reason = "",
    *,
    as_json: Json = False,
) -> None:
    """End a trial: take an alias away; the workers stop scoring with a shadow within seconds."""
    if alias not in TRIALS:
        raise typer.BadParameter(f"{alias!r}; there are {', '.join(sorted(TRIALS))}")
    registry = Registry(load_settings().models_dir)
    found = registry.withdraw(profile, alias, actor or person(), reason, _now())  # type: ignore[arg-type]
    note_decision("model withdrawn", found, f"{alias}: {reason}", actor)
    text = f"{found} is {alias} no more"
    print_done(text, as_json=as_json, model=found, withdrawn=alias)


@app.command("export-mlflow")
def export_mlflow(
    model: Annotated[str, typer.Argument(help="A model; with --profile its champion.")] = "",
    profile: Annotated[str, typer.Option(help="The champion of this profile.")] = "",
    to: Annotated[
        str,
        typer.Option(
            envvar="MLFLOW_TRACKING_URI",
            help="Tracking store, such as http://host:5000 or sqlite:///mlflow.db.",
        ),
    ] = "sqlite:///mlflow.db",
    *,
    as_json: Json = False,
) -> None:
    """Write a model's parameters, figures and files as a run of an MLflow store."""
    from app.lab.mlflow_export import export  # noqa: PLC0415 (an optional extra)

    registry = Registry(load_settings().models_dir)
    chosen = model or registry.champion(profile) or ""
    if not chosen:
        raise DataError("name a model, or --profile of one that has a champion")
    manifest = registry.manifest(chosen)
    folder = registry.root / manifest.profile / manifest.id
    run = export(folder, manifest, _aliases(registry, manifest.profile, manifest.id), to)
    text = f"{chosen} is run {run} of experiment telltale/{manifest.profile}"
    print_done(text, as_json=as_json, model=chosen, run=run)


@app.command()
def compare(
    first: Annotated[str, typer.Argument(help="A model; with --profile the champion.")] = "",
    second: Annotated[str, typer.Argument(help="A model; with --profile the shadow.")] = "",
    profile: Annotated[
        str, typer.Option(help="Compare the champion and the shadow of this profile.")
    ] = "",
    profile_dir: ProfileDir = None,
    *,
    live: Annotated[
        bool,
        typer.Option("--live", help="On the rows that the worker had both of them score."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Which of two models is better on what came after both were trained, and is it chance?"""
    settings = load_settings()
    registry = Registry(settings.models_dir)
    first, second = _pair(registry, first, second, profile)
    records = [registry.manifest(model).record for model in (first, second)]
    if records[0].profile != records[1].profile:
        raise DataError(f"{first} and {second} are of different profiles; nothing to compare")
    chosen = profile_of(load_profiles(settings, profile_dir), records[0].profile)
    store = ClickHouseStore(settings.store())
    since = max(record.until_ms for record in records)
    scope = Scope(settings.tenant, since, store.span(settings.tenant, chosen.name)[1])
    with bars(quiet=as_json) as told:
        if live:
            found = compare_live(store, chosen, (first, second), scope)
        else:
            pair = (registry.load(first)[0], registry.load(second)[0])
            judged = judge(store, chosen, pair, scope, told)
            found = compared((first, second), since, compare_rows(judged))
    if as_json:
        print_json(found)
        return
    _show_comparison(found)


def _pair(registry: Registry, first: str, second: str, profile: str) -> tuple[str, str]:
    """The two models that are meant. Raises DataError."""
    if not profile:
        if not first or not second:
            raise DataError("name two models, or --profile for its champion and its shadow")
        return first, second
    champion = first or registry.champion(profile)
    shadow = second or registry.shadow(profile)
    if not champion or not shadow:
        missing = "shadow" if champion else "champion"
        raise DataError(
            f"profile {profile} has no {missing}; give one with `telltale models promote MODEL "
            f"--alias {missing}`"
        )
    return champion, shadow


def _show_comparison(found: Compared) -> None:
    print_table(
        f"{found.rows:,} rows ({found.scored}) of {found.vehicles} vehicles since "
        f"{_when(found.since_ms)}, "
        f"{found.failures} of them failed",
        ("figure", found.first, found.second, "difference, 95 %", "by chance"),
        [
            (one.figure, one.first, one.second, f"{one.low:+.4f} to {one.high:+.4f}", one.chance)
            for one in found.figures
        ],
    )
    if found.verdict == "no difference":
        typer.echo("No more than chance tells them apart; wait for more failures.")
    else:
        typer.echo(f"{found.verdict} is better, by more than chance.")


def _alias(text: str) -> Alias:
    if text not in ALIASES:
        raise typer.BadParameter(f"{text!r}; there are {', '.join(sorted(ALIASES))}")
    return text  # type: ignore[return-value]


def _listed(registry: Registry, manifest: Manifest, damaged: str) -> Listed:
    record = manifest.record
    return Listed(
        manifest.id,
        manifest.profile,
        _aliases(registry, manifest.profile, manifest.id),
        _when(record.trained_ms),
        record.vehicles,
        sum(mode.failures for mode in record.modes),
        damaged,
    )


def _aliases(registry: Registry, profile: str, model: str) -> list[str]:
    return [alias for alias in sorted(ALIASES) if registry.alias(profile, alias) == model]


def _now() -> int:
    return time.time_ns() // 1_000_000


def _when(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M")
