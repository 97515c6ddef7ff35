"""`telltale evaluate battery`: health of NASA's cells, learnt from some, judged on another."""

from typing import Annotated

import typer

from app.cli.evaluate.options import Data, Report, command_line, write_report
from app.cli.options import Json
from app.cli.output import print_json, print_table
from ingest.adapters.nasa_cells import read_cells
from models.evaluation.battery import HealthFigures, evaluate


def battery(
    data: Data,
    *,
    fit: Annotated[str, typer.Option(help="Cells to learn from: B0005 or B0005,B0007.")] = "B0005",
    test: Annotated[str, typer.Option(help="Cell to judge on.")] = "B0006",
    as_json: Json = False,
    report: Report = None,
) -> None:
    """Learn health from one cell's charge curves; judge on another's measured capacity."""
    done = evaluate(read_cells(data), [cell.strip() for cell in fit.split(",")], test)
    if report:
        from models.reports.battery import battery_report  # noqa: PLC0415 (matplotlib, only when drawn)

        write_report(report, f"battery-{test}", battery_report(done, command_line()))
    if as_json:
        print_json(done.figures)
    else:
        _show(done.figures)


def _show(found: HealthFigures) -> None:
    rows = [
        ("error (RMSE), points of new", found.rmse_points),
        ("bias, points", found.bias_points),
        ("share within the 90 % interval", found.coverage_90),
        ("mean width of the 90 % interval, points", found.width_90),
        ("error on the cells learnt from, points", found.fit_rmse_points),
        ("cycles told to exceed new", found.beyond_new),
    ]
    title = f"Health of {found.test} over {found.cycles} cycles, learnt from {', '.join(found.fit)}"
    print_table(title, ("figure", "value"), rows)
    print_table(
        "State of health, percent of new",
        ("cell", "at cycle", "health", "90 % interval", "more than new because"),
        [
            (name, one.cycle, one.soh, f"{one.low:.1f} to {one.high:.1f}", one.reason)
            for name, one in found.cells.items()
        ],
    )
