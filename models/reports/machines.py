"""The report of an evaluation of components' failures (models/evaluation/machines.py)."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from contracts.batches import Floats
from features.profile import Costs, Profile
from features.vector import feature_specs
from models.curves import (
    Decision,
    Watched,
    decide,
    gain,
    precision_recall,
    reliability,
)
from models.evaluation.machines import ANY, HORIZON_DAYS, MachineEvaluation
from models.reports import plots
from models.reports.page import Fact, Report, Section
from models.reports.words import in_words
from models.table import DAY_MS
from models.thresholds import cost_line

WITHIN_MS: Final = 3 * DAY_MS
"""A check is right when the component fails within so long."""
THRESHOLDS: Final = np.geomspace(0.005, 0.95, 60)
ROWS: Final = 1_500
TOP: Final = 12
_HOUR_MS: Final = 3_600_000
_ROWS_A_FAILURE: Final = 24


def machine_report(profile: Profile, done: MachineEvaluation, command: str) -> Report:
    """Everything that a data scientist asks of it; plots are of the machines judged on, but for
    the learning curve.
    """
    found, own = done.figures, done.figures.any
    left_out = found.cv[ANY]
    return Report(
        "Components that fail within a day",
        f"Learnt from {len(found.train)} machines, judged on {len(found.test)} others "
        f"({', '.join(found.test)}) with {own.events} failures. Features, rounds and calibration "
        "were chosen on training machines alone, each left out once; the machines judged on were "
        "scored once.",
        command,
        [
            Fact(
                "Average precision", _number(own.average_precision), "any component, an hour a row"
            ),
            Fact("AUC", _number(own.auc, 4), "any component"),
            Fact("Expected over observed", _number(own.expected_over_observed), "1 is honest"),
            Fact(
                "Training machines left out",
                _number(left_out.average_precision),
                f"average precision; AUC {_number(left_out.auc, 4)}",
            ),
            *(
                Fact(
                    profile.mode(name).label,
                    _number(one.average_precision),
                    f"{one.events} failures; exp./obs. {_number(one.expected_over_observed)}",
                )
                for name, one in found.components.items()
            ),
        ],
        [
            _learning(done),
            _reliability(done),
            _ranking(profile, done),
            *_decisions(profile, done),
            _gain(done),
            _importance(profile, done),
        ],
    )


def _number(value: float, decimals: int = 2) -> str:
    return f"{value:.{decimals}f}" if np.isfinite(value) else "none failed"


def _learning(done: MachineEvaluation) -> Section:
    chosen = max(1, round(float(np.mean(done.pooled.rounds))))
    return Section(
        "Learning curve",
        "Loss on the training machine left out, a thin line a machine. All machines together get "
        "the mean of the best rounds.",
        plots.learning(done.pooled.curves, chosen, "log-likelihood loss a row"),
    )


def _any(done: MachineEvaluation) -> tuple[Floats, Floats]:
    """Whether any component failed within the day, and its chance, of rows where that is known."""
    known = np.isfinite(done.came).all(axis=0)
    risk = 1 - np.prod(1 - done.risk[:, known].astype(np.float64), axis=0)
    return done.came[:, known].max(axis=0), risk.astype(np.float32)


def _reliability(done: MachineEvaluation) -> Section:
    came, risk = _any(done)
    return Section(
        "Reliability",
        "Rows by predicted chance, any component. Bars are what luck leaves, the 24 rows before "
        "a failure counting as one.",
        plots.reliability_diagram(reliability(came, risk, rows_a_failure=_ROWS_A_FAILURE), "a day"),
    )


def _ranking(profile: Profile, done: MachineEvaluation) -> Section:
    came, risk = _any(done)
    curves = {"any component": precision_recall(came, risk)}
    for place, mode in enumerate(profile.modes):
        known = np.isfinite(done.came[place])
        if (done.came[place][known] == 1).any():
            curves[mode.label] = precision_recall(done.came[place][known], done.risk[place][known])
    return Section(
        "Precision and recall", "Hourly rows; a row is right when the component fails within 24 h.",
        plots.precision_recall_curve(curves),
    )  # fmt: skip


def _watched(done: MachineEvaluation) -> list[Watched]:
    """Every component of every machine judged on."""
    table, found = done.table, []
    for machine, course in enumerate(table.courses):
        rows = np.flatnonzero(table.vehicle == machine)
        times = table.time_ms[rows]
        for place, mode in enumerate(table.profile.modes):
            failed = course.modes[mode.name].failed
            seen = failed[failed > times[0]] if len(times) else failed[:0]
            found.append(Watched(times, done.risk[place][rows], seen))
    return found


def _decisions(profile: Profile, done: MachineEvaluation) -> list[Section]:
    watched, costs = _watched(done), profile.modes[0].costs
    tried = [decide(watched, float(one), WITHIN_MS) for one in THRESHOLDS]
    own = decide(watched, cost_line(costs), WITHIN_MS)
    failures = sum(len(one.failed) for one in watched)
    return [_leads(own), _cost(profile, tried, costs, failures, own)]


def _leads(own: Decision) -> Section:
    return Section(
        "Lead time",
        f"From the first check asked for to the failure, at the threshold that the costs ask for "
        f"({own.threshold:.0%}): {own.caught} found before they came, {own.missed} missed, "
        f"{own.unneeded} checks not needed.",
        plots.lead_times(np.array(own.leads_ms) / _HOUR_MS, "hours"),
    )


def _cost(
    profile: Profile, tried: Sequence[Decision], costs: Costs, failures: int, own: Decision
) -> Section:
    nothing = failures * costs.breakdown
    return Section(
        "Cost by threshold",
        f"A component is checked when its chance of failing within a day reaches the threshold. "
        f"All machines judged on, over the whole time; at {own.threshold:.0%}, which follows from "
        f"the costs alone, {own.cost(costs):,.0f} {profile.currency} against {nothing:,.0f} when "
        "nothing is done.",
        plots.cost_curve(
            [one.threshold for one in tried],
            [one.cost(costs) for one in tried],
            {"doing nothing": nothing},
            ("chance of failing within a day", profile.currency),
            log=True,
        ),
    )


def _gain(done: MachineEvaluation) -> Section:
    """By machine and day: the day's first row."""
    table = done.table
    day = table.time_ms // DAY_MS
    first = np.flatnonzero(
        (np.diff(day, prepend=-1) != 0) | (np.diff(table.vehicle, prepend=-1) != 0)
    )
    failure = np.full(len(table), -1, np.int64)
    number = 0
    for machine, course in enumerate(table.courses):
        times = np.unique(np.concatenate([one.failed for one in course.modes.values()]))
        own = table.vehicle == machine
        for time in times.tolist():
            before = (table.time_ms < time) & (table.time_ms >= time - HORIZON_DAYS * DAY_MS)
            failure[own & before] = number
            number += 1
    risk = 1 - np.prod(1 - done.risk[:, first].astype(np.float64), axis=0)
    checked, found = gain(risk.astype(np.float32), failure[first])
    weekly = 700.0
    return Section(
        "Gain by workshop capacity",
        "Machines are looked at once a day. Checks a week for every 100 machines, riskiest first, "
        "and the share of failures of the coming day that they find.",
        plots.gain_curve(
            {"model": (checked * weekly, found), "chance": ([0, weekly], [0, 1])},
            "checks a week per 100 machines",
        ),
    )


def _importance(profile: Profile, done: MachineEvaluation) -> Section:
    values = done.table.values(np.arange(0, len(done.table), max(1, len(done.table) // ROWS)))
    specs = feature_specs(profile)
    weight = np.zeros(len(specs))
    for model in done.pooled.models.values():
        weight += np.abs(model.shares(values)[:, :-1]).mean(axis=0)
    order = np.argsort(-weight)[:TOP]
    return Section(
        "Most important features",
        "Mean absolute SHAP value over all components, given back to the signal that settled it.",
        plots.importance(
            [(in_words(profile, specs[i]), float(weight[i] / weight.sum())) for i in order.tolist()]
        ),
    )
