"""In whose name a command changes something: the operating system's user."""

import getpass
import time
from typing import Annotated

import typer

from app.access.people import By, Desk
from app.settings import load_settings
from infra.clickhouse import ClickHouse

TenantOption = Annotated[str, typer.Option(help="Another tenant than TELLTALE_TENANT.")]


def acting(tenant: str) -> By:
    """Whoever runs the command, for this tenant ("" = the installation's own)."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    now_ms = time.time_ns() // 1_000_000
    return By(tenant or load_settings().tenant, f"{name} (command line)", "admin", "cli", now_ms)


def desk() -> Desk:
    """Where keys and logins are handed out."""
    return Desk(ClickHouse(load_settings().store()))
