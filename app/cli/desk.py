"""What commands about alerts share: the fleet's clock, whose name they act in, the answer."""

import contextlib
import uuid
from collections.abc import Iterator
from typing import Any, Final

import typer

from app.alerting.models import Models
from app.api.champions import ChampionOf, no_champion
from app.api.context import Context
from app.asking import wait_for_answer
from app.cli.acting import acting
from app.cli.output import print_json
from app.settings import load_settings
from contracts.alerts import Action, Alert, AlertCommand
from contracts.errors import DataError, UnavailableError
from features.profile import milliseconds
from infra.reads.alerts import alerts_by_id
from infra.reads.answers import answer_of
from infra.reads.vehicles import Registration, find_vehicle

WAIT_S: Final = 10.0


@contextlib.contextmanager
def opened(
    champion_of: ChampionOf = no_champion, models: Models | None = None
) -> Iterator[Context]:
    """Store, broker and clock of the installation's own tenant; `models` are asked for reasons."""
    context = Context(load_settings(), champion_of)
    context.models = models or context.models
    try:
        yield context
    finally:
        context.close()


def alert_of(context: Context, alert_id: str) -> Alert:
    """The alert with this id. Raises DataError."""
    found = alerts_by_id(context.store, context.tenant, [alert_id])
    if alert_id not in found:
        raise DataError(f"no alert {alert_id!r}; `telltale alerts list` shows their ids")
    return found[alert_id]


def narrowed_to(context: Context, named: str) -> str:
    """The id of the vehicle that a list is narrowed to, "" for all. Raises DataError where there is
    none.
    """
    return vehicle_of(context, named).vehicle_id if named else ""


def vehicle_of(context: Context, named: str) -> Registration:
    """The vehicle with this id, VIN or plate. Raises DataError."""
    found = find_vehicle(context.store, context.tenant, named.strip())
    if found is None:
        raise DataError(f"no vehicle has the id, VIN or plate {named!r}")
    return found


def span_ms(text: str, option: str) -> int:
    """`2d` -> milliseconds. Raises DataError."""
    try:
        return milliseconds(text)
    except ValueError as error:
        raise DataError(f"{option}: {error}") from None


def ask(context: Context, action: Action, alert: Alert | None, **more: Any) -> AlertCommand:  # noqa: ANN401 (fields of AlertCommand)
    """Send a command in the name of whoever runs us."""
    now_ms = context.now_ms()
    command = AlertCommand(
        uuid.uuid4().hex,
        context.tenant,
        alert.vehicle_id if alert else "",
        more.pop("alert_id", alert.alert_id if alert else ""),
        action,
        acting(context.tenant).actor,
        max(now_ms, alert.updated_ms + 1) if alert else now_ms,
        seen=alert.version if alert else 0,
        **more,
    )
    context.publisher.command(command)
    return command


def conclude(context: Context, command: AlertCommand, *, as_json: bool) -> None:
    """Wait for the answer and print it. Raises DataError when it was refused."""
    answer = wait_for_answer(
        lambda: answer_of(context.store, context.tenant, command.command_id), WAIT_S
    )
    if answer is None:
        raise UnavailableError(
            f"the alerter hasn't answered within {WAIT_S:.0f} s; the command is on its way and "
            "will be done when it runs (see `telltale status`)"
        )
    if as_json:
        print_json(answer)
    if not answer.done:
        raise DataError(f"not done: {answer.why}")
    if not as_json:
        typer.echo(f"{answer.alert_id or answer.command_id}: {answer.why}")
