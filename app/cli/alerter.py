"""`telltale alerter`: opens, holds and closes alerts; takes what people ask of them."""

import asyncio
from typing import Annotated

import typer

from app.alerter import run_alerter
from app.cli.options import ProfileDir
from app.profiles import load_profiles
from app.settings import load_settings
from models.registry import Registry


def alerter(
    profile_dir: ProfileDir = None,
    once_idle: Annotated[
        float, typer.Option(min=0, help="End when nothing came for so many seconds; 0: never.")
    ] = 0.0,
) -> None:
    """Run one alerter until SIGTERM or Ctrl-C; more of them share the partitions."""
    settings = load_settings()
    profiles = load_profiles(settings, profile_dir)
    asyncio.run(run_alerter(settings, Registry(settings.models_dir), profiles, once_idle))
