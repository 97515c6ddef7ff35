"""The `telltale` command."""

import logging
import sys

import typer

from app.cli import (
    alerter,
    alerts,
    api,
    audit,
    dead_letters,
    demo,
    fetch,
    findings,
    keys,
    models,
    notifier,
    replay,
    risk,
    simulate,
    state,
    status,
    train,
    up,
    users,
    worker,
    workorders,
)
from app.logs import configure_logs
from contracts.errors import TelltaleError

SERVICES = frozenset({"alerter", "api", "notifier", "up", "worker"})
"""Commands that keep running: their log says what they do, not only what went wrong."""

app = typer.Typer(
    name="telltale",
    help="Predictive diagnostics for vehicle fleets.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

app.command()(fetch.fetch)
app.command()(demo.demo)
app.command()(up.up)
app.command()(api.api)
app.command()(status.status)
app.command()(simulate.simulate)
app.command()(replay.replay)
app.command()(train.train)
app.command()(worker.worker)
app.command()(alerter.alerter)
app.command()(notifier.notifier)
app.command()(risk.risk)
app.command()(audit.audit)
app.add_typer(alerts.app, name="alerts")
app.add_typer(findings.app, name="findings")
app.add_typer(keys.app, name="keys")
app.add_typer(users.app, name="users")
app.add_typer(workorders.app, name="workorders")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(models.app, name="models")
app.add_typer(notifier.app, name="notify")
app.add_typer(state.app, name="state")


def main() -> None:
    """Run the command line; a known error is one sentence on stderr and exit code 1."""
    configure_logs(logging.INFO if SERVICES.intersection(sys.argv[1:2]) else logging.ERROR)
    try:
        app()
    except TelltaleError as error:
        typer.echo(f"telltale: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
