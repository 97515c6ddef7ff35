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
    now_ms = time.time_ns() // 1_000_000
    tenant = tenant or load_settings().tenant
    return By(tenant, f"{person()} (command line)", "admin", "cli", now_ms)


def person() -> str:
    """The operating system's user, "unknown" where it has no name for him."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def desk() -> Desk:
    """Where keys and logins are handed out."""
    return Desk(ClickHouse(load_settings().store()))
