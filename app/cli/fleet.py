"""`telltale fleet`: the vehicles by money at stake."""

from typing import Annotated, Literal

import typer

from app.api import words
from app.api.fleet import FleetVehicle, fleet_page
from app.api.fleet_tables import fleet_table
from app.cli.desk import opened
from app.cli.options import DepotOption, Json, ModeOption, ProfileOption
from app.cli.output import print_json, print_table, when
from app.cli.tables import TablePath, check_table, write_table
from app.cli.watching import WatchOption, shown
from infra.reads.ranking import FleetFilter

app = typer.Typer(help="The fleet's vehicles, by money at stake.", no_args_is_help=True)
ShowOption = Annotated[
    Literal["all", "needs", "silent"],
    typer.Option(help="All, those with an alert that asks for someone, or silent ones."),
]
ModelOption = Annotated[str, typer.Option(help="Only of this model, as registered.")]
TextOption = Annotated[str, typer.Option(help="Part of plate or id; a VIN or its last four.")]


@app.command("list")
def list_vehicles(  # noqa: PLR0913 (options)
    *,
    show: ShowOption = "all",
    profile: ProfileOption = "",
    depot: DepotOption = "",
    model: ModelOption = "",
    mode: ModeOption = "",
    text: TextOption = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="The first so many.")] = 50,
    watch: WatchOption = False,
    as_json: Json = False,
) -> None:
    """List vehicles, most money at stake first."""
    wanted = FleetFilter(profile, depot, model, mode, text.strip(), show, limit=limit)
    with opened() as context:

        def look() -> None:
            found, following = fleet_page(context, wanted, words.policy(context.now_ms()))
            _print(found, more=bool(following), as_json=as_json)

        shown(look, watch=watch)


@app.command()
def export(  # noqa: PLR0913 (options)
    path: TablePath,
    *,
    show: ShowOption = "all",
    profile: ProfileOption = "",
    depot: DepotOption = "",
    model: ModelOption = "",
    mode: ModeOption = "",
    text: TextOption = "",
    as_json: Json = False,
) -> None:
    """Write at most 50,000 vehicles for a spreadsheet (.csv) or a program (.parquet)."""
    check_table(path)
    with opened() as context:
        wanted = FleetFilter(profile, depot, model, mode, text.strip(), show)
        table = fleet_table(context, wanted)
    write_table(path, table, "vehicles", as_json=as_json)


def _print(found: list[FleetVehicle], *, more: bool, as_json: bool) -> None:
    if as_json:
        print_json({"vehicles": found, "more": more})
        return
    rows = [
        (
            one.vehicle_id,
            one.plate,
            one.state,
            one.mode_label,
            f"{one.risk.days_30:.1%}" if one.risk else "",
            f"{one.at_stake:,.0f} {one.currency}",
            one.depot,
            when(one.seen_ms),
        )
        for one in found
    ]
    columns = ("id", "plate", "state", "part", "30 days", "at stake", "depot", "newest score")
    print_table("Vehicles", columns, rows)
    if more:
        typer.echo("There are more: --limit shows them, `telltale fleet export` writes all.")
