"""`telltale worker`: features and risk of a share of the fleet, in real time."""

import asyncio
from typing import Annotated

import typer

from app.assembly import run_worker
from app.cli.options import ProfileDir
from app.profiles import load_profiles
from app.settings import load_settings
from infra.allocator import keep_freed_memory
from models.registry import Registry


def worker(
    profile_dir: ProfileDir = None,
    once_idle: Annotated[
        float, typer.Option(min=0, help="End when nothing came for so many seconds; 0: never.")
    ] = 0.0,
) -> None:
    """Run one worker until SIGTERM or Ctrl-C; more of them share the partitions."""
    keep_freed_memory()
    settings = load_settings()
    profiles = load_profiles(settings, profile_dir)
    asyncio.run(run_worker(settings, Registry(settings.models_dir), profiles, once_idle))
