"""In whose name a command changes something: the operating system's user."""

import getpass
import time
from dataclasses import replace
from typing import Annotated

import typer

from app.access.people import By, Desk, deed_of
from app.settings import load_settings
from contracts.errors import UnavailableError
from infra.access.audit import Audit
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


def note_decision(action: str, model: str, detail: str, actor: str = "") -> None:
    """Write what was decided about a model to the audit log too; the registry's own history has it
    also where the store is away.
    """
    by = acting("")
    by = replace(by, actor=actor or by.actor)
    try:
        Audit(ClickHouse(load_settings().store())).add(deed_of(by, action, model, detail))
    except UnavailableError as error:
        typer.echo(f"Kept in the registry's history, not in `telltale audit`: {error}", err=True)
