"""The report of an evaluation of cells' health (models/evaluation/battery.py)."""

from models.evaluation.battery import NEW_CYCLES, CellHealth, HealthEvaluation
from models.reports import plots
from models.reports.page import Fact, Report, Section


def battery_report(done: HealthEvaluation, command: str) -> Report:
    """Estimate, measurement and error over the cell's life."""
    found = done.figures
    return Report(
        f"State of health of cell {found.test}",
        f"Learnt from {', '.join(found.fit)}, judged on {found.test} over {found.cycles} cycles. "
        "100 points are the cell's own capacity when new (its cycles "
        f"{NEW_CYCLES[0]} to {NEW_CYCLES[-1]}). The capacity of the cell judged on was used for "
        "nothing but these figures, once.",
        command,
        [
            Fact("Error (RMSE)", f"{found.rmse_points:.2f}", "points of new"),
            Fact("Bias", f"{found.bias_points:+.2f}", "points"),
            Fact("In the 90 % interval", f"{found.coverage_90:.0%}", "of cycles"),
            Fact("Mean width", f"{found.width_90:.1f}", "points"),
            Fact("On the cells learnt from", f"{found.fit_rmse_points:.2f}", "points"),
            *(_health(name, one) for name, one in found.cells.items()),
        ],
        [
            Section(
                "Health over the cell's life",
                "The estimate counts charge between 3.8 and 4.15 V while charging and between 3.8 "
                "and 3.5 V while discharging. Bounds are wide where the two disagree.",
                plots.band(done.cycle, done.bounds, done.true, ("cycle", "percent of new")),
            ),
            Section(
                "Error over the cell's life",
                "Estimate less measurement. Resting lets a cell recover for some cycles, which the "
                "estimate follows in part.",
                plots.errors(done.cycle, done.bounds[:, 0] - done.true, ("cycle", "points of new")),
            ),
        ],
    )


def _health(name: str, one: CellHealth) -> Fact:
    because = f"; {one.reason}" if one.reason else ""
    note = f"of new at cycle {one.cycle}, {one.low:.1f} to {one.high:.1f}{because}"
    return Fact(f"Health of {name}", f"{one.soh:.1f} %", note)
