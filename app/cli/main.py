"""The `telltale` command."""

import sys

import typer

from contracts.errors import TelltaleError

app = typer.Typer(
    name="telltale",
    help="Predictive diagnostics for vehicle fleets.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line; a known error is one sentence on stderr and exit code 1."""
    try:
        app()
    except TelltaleError as error:
        typer.echo(f"telltale: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
