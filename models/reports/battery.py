"""The report of an evaluation of cells' health (models/evaluation/battery.py)."""

from models.battery import CHARGE_V, DISCHARGE_V
from models.evaluation.battery import NEW_CYCLES, CellHealth, HealthEvaluation
from models.reports import plots
from models.reports.page import Fact, Report, Section


def battery_report(done: HealthEvaluation, command: str) -> Report:
    """Estimate, measurement and error over the cell's life; what the interval holds, what more
    cycles to learn from would bring, and what the model looks at.
    """
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
            _reliability(done),
            _learning(done),
            _witnesses(done),
        ],
    )


def _reliability(done: HealthEvaluation) -> Section:
    found = done.stretches
    return Section(
        "Reliability: does the interval hold what it promises?",
        "Share of cycles within their 90 % interval, by stretch of the cell's life (first to last "
        "cycle). Neighbouring cycles err alike, so chance moves a stretch far.",
        plots.shares(
            [f"{first}\nto {last}" for first, last, _ in found],
            [0.9] * len(found),
            [held for *_, held in found],
        ),
    )


def _learning(done: HealthEvaluation) -> Section:
    cycles, errors = done.learning
    return Section(
        "Learning curve",
        f"Error on {done.figures.test} by how many cycles of {', '.join(done.figures.fit)} were "
        "learnt from, from new on. Nothing was chosen by it.",
        plots.lines(
            {"error": (cycles, errors)}, ("cycles learnt from", "error (RMSE), points of new")
        ),
    )


def _witnesses(done: HealthEvaluation) -> Section:
    """The two things that the model looks at, in words."""
    charge, discharge = (abs(slope) / 100 for slope in done.model.slopes)
    return Section(
        "Most important features",
        "Health is the mean of two witnesses. A percent less charge than when new stands for "
        f"{charge:.2f} points of health while charging and {discharge:.2f} while discharging. Bars "
        "are how far each moves over this life.",
        plots.importance(
            [
                (f"charge passed, {what}\n{volts[0]} to {volts[1]} V", float(share))
                for what, volts, share in zip(
                    ("charging", "discharging"), (CHARGE_V, DISCHARGE_V), done.weights, strict=True
                )
            ]
        ),
    )


def _health(name: str, one: CellHealth) -> Fact:
    because = f"; {one.reason}" if one.reason else ""
    note = f"of new at cycle {one.cycle}, {one.low:.1f} to {one.high:.1f}{because}"
    return Fact(f"Health of {name}", f"{one.soh:.1f} %", note)
