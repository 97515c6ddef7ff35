"""`telltale state`: the memory of the workers."""

from typing import Annotated

import typer

from app.champion import Champions
from app.cli.options import Json, ProfileDir
from app.cli.output import print_json
from app.profiles import load_profiles
from app.settings import load_settings
from app.state import rebuild as rebuild_state
from models.registry import Registry

app = typer.Typer(help="What the workers remember of vehicles.", no_args_is_help=True)


@app.command()
def rebuild(
    *,
    profile: Annotated[str, typer.Option(help="Only vehicles of this profile.")] = "",
    profile_dir: ProfileDir = None,
    as_json: Json = False,
) -> None:
    """Make the state anew from stored history, as the champions expect. Stop the workers first."""
    settings = load_settings()
    profiles = load_profiles(settings, profile_dir)
    champions = Champions(Registry(settings.models_dir), profiles).refresh()
    expectations = {name: champion.expectation for name, champion in champions.items()}
    done = rebuild_state(settings, profiles, expectations, profile)
    if as_json:
        print_json(done)
        return
    typer.echo(
        f"{done.vehicles:,} vehicles from {done.summaries:,} summaries and {done.events:,} events"
    )
