"""The `telltale` command. A command's module is imported when it is asked for: `telltale fetch`
need not wait for XGBoost, nor `telltale risk` for Faust.
"""

import logging
import os
import sys
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

from app.logs import configure_logs
from contracts.errors import TelltaleError

COMMANDS: Final = {
    "demo": "demo:demo",
    "up": "up:up",
    "status": "status:status",
    "fetch": "fetch:fetch",
    "simulate": "simulate:simulate",
    "replay": "replay:replay",
    "train": "train:train",
    "models": "models:app",
    "thresholds": "thresholds:thresholds",
    "drift": "drift:drift",
    "evaluate": "evaluate:app",
    "backtest": "backtest:backtest",
    "fleet": "fleet:app",
    "risk": "risk:risk",
    "battery": "battery:show_battery",
    "alerts": "alerts:app",
    "findings": "findings:app",
    "workorders": "workorders:app",
    "notify": "notifier:app",
    "dead-letters": "dead_letters:app",
    "state": "state:app",
    "keys": "keys:app",
    "users": "users:app",
    "audit": "audit:audit",
    "worker": "worker:worker",
    "alerter": "alerter:alerter",
    "notifier": "notifier:notifier",
    "api": "api:api",
    "gateway": "gateway:gateway",
}
"""Name -> where its function, or its Typer with commands of its own, stands in app/cli."""
SERVICES: Final = frozenset({"alerter", "api", "gateway", "notifier", "up", "worker"})
"""Commands that keep running: their log says what they do, not only what went wrong."""


class _Commands(TyperGroup):
    """Looks commands up in the table."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 (as click asks)
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(f"app.cli.{module}"), attribute)
        if isinstance(found, typer.Typer):
            # A group even when it has one command only: `telltale state rebuild`.
            group = typer.main.get_group(found)
            group.name = cmd_name
            return group
        single = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
        single.command(cmd_name)(found)
        command = typer.main.get_command(single)
        command.name = cmd_name
        return command


app = typer.Typer(
    name="telltale",
    help="Predictive diagnostics for vehicle fleets.",
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _telltale() -> None:
    """Predictive diagnostics for vehicle fleets."""


def main() -> None:
    """Run the command line; a known error, or a file that can't be read or written, is one sentence
    on stderr and exit code 1.
    """
    # OpenBLAS's threads wait for each other by spinning: beside a broker, a store or another
    # training on the same cores a matrix product took 15 times as long. Read when NumPy is loaded.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    configure_logs(logging.INFO if SERVICES.intersection(sys.argv[1:2]) else logging.ERROR)
    try:
        app()
    except TelltaleError as error:
        typer.echo(f"telltale: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        if error.filename is None:
            raise
        typer.echo(f"telltale: {error.filename}: {error.strerror}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
