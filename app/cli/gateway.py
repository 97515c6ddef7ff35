"""`telltale gateway`: per-sample topics of others, packed into frames."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from app.cli.options import ProfileDir
from app.gateway.assembly import read_sources, run_gateway
from app.gateway.span import Limits
from app.profiles import load_profiles
from app.settings import load_settings


def gateway(
    file: Annotated[Path, typer.Argument(help="TOML: topics, fields, signals (docs/gateway.md).")],
    *,
    profile_dir: ProfileDir = None,
    every: Annotated[
        float, typer.Option(min=0.1, max=60, help="Seconds after which samples are sent.")
    ] = 10.0,
    once_idle: Annotated[
        float, typer.Option(min=0, help="End when nothing came for so many seconds; 0: never.")
    ] = 0.0,
) -> None:
    """Pack per-sample topics into frames until SIGTERM or Ctrl-C; more of them share the work."""
    settings = load_settings()
    sources = read_sources(file, load_profiles(settings, profile_dir), settings.tenant)
    asyncio.run(run_gateway(settings, sources, Limits(every_s=every), once_idle))
