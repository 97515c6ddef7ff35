"""`telltale evaluate`: how good the models are on data whose outcome is known."""

import typer

from app.cli.evaluate import battery, cmapss, fleet, healthy, machines

app = typer.Typer(
    help="Evaluate models on public data and on a simulated fleet.", no_args_is_help=True
)
app.command("cmapss")(cmapss.cmapss)
app.command("machines")(machines.machines)
app.command("battery")(battery.battery)
app.command("healthy")(healthy.healthy)
app.command("fleet")(fleet.fleet)
