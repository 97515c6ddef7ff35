"""What is decided about models on the command line: in the registry's history and the audit log."""

import time
from dataclasses import replace

import typer

from app.cli.acting import acting, desk, person
from contracts.errors import UnavailableError
from models.registry import Alias, Registry


def promote_model(
    registry: Registry, model: str, alias: Alias, reason: str, actor: str = ""
) -> None:
    """Give a model an alias in somebody's name ("": the operating system's user). Raises
    ModelError.
    """
    registry.promote(model, alias, actor or person(), reason, time.time_ns() // 1_000_000)
    note_decision("model promoted", model, f"{alias}: {reason}", actor)


def note_decision(action: str, model: str, detail: str, actor: str = "") -> None:
    """Write what was decided about a model to the audit log too; the registry's own history has it
    also where the store is away.
    """
    by = acting("")
    try:
        desk().note(replace(by, actor=actor or by.actor), action, model, detail)
    except UnavailableError as error:
        typer.echo(f"Kept in the registry's history, not in `telltale audit`: {error}", err=True)
