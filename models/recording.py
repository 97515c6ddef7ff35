"""Writes down what a training run came to (models/record.py)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.batches import Floats
from features.profile import Profile
from models.alarms import Series, Tally
from models.curves import precision_recall, reliability, thinned
from models.fit import Fitted
from models.grow import Trees
from models.metrics import auc, average_precision, expected_over_observed
from models.outcome import came_within
from models.record import ModeCurves, ModeRecord, TrainingRecord
from models.table import DAY_MS, Table
from models.thresholds import Lines

_POINTS: Final = 48
"""Points of a precision-recall curve that are kept, and rounds of a learning curve."""
_DIGITS: Final = 5


@dataclass(frozen=True, eq=False)
class Run:
    """What there is to be written down. `risk` [rows] by mode is by trees that had not seen the
    row's vehicle.
    """

    table: Table
    trees: Trees
    seed: int
    fitted: Mapping[str, Fitted]
    risk: Mapping[str, Floats]
    lines: Lines


def record_of(
    run: Run, figures: Mapping[str, float], tried: dict[str, list[Tally]]
) -> TrainingRecord:
    """The record, without the time and the machine's part."""
    table, scope = run.table, run.table.scope
    notes = []
    if not run.risk:
        notes.append(
            "nothing of this fleet has failed yet: there is no risk to speak of, only vehicles "
            "that are unusual"
        )
    return TrainingRecord(
        table.profile.name,
        table.profile.version,
        scope.tenant,
        int(table.time_ms.min(initial=scope.until_ms)),
        scope.until_ms,
        len(table.vehicles),
        table.summaries,
        len(table),
        {key: value for key, value in asdict(run.trees).items() if key != "jobs"},
        run.seed,
        [_mode_record(run, mode) for mode in run.risk],
        {
            "caught_3d_share": run.lines.caught_share,
            "false_alarms_per_100_vehicles_week": run.lines.false_rate,
            **figures,
        },
        tried,
        notes,
    )


def month_bins(profile: Profile) -> int:
    """How many hazard bins the next 30 days are, or all where they are shorter."""
    within = int(np.searchsorted(profile.hazard_bins_ms, 30 * DAY_MS)) + 1
    return min(within, len(profile.hazard_bins))


def _mode_record(run: Run, mode: str) -> ModeRecord:
    table = run.table
    profile, until = table.profile, table.scope.until_ms
    came = came_within(profile, table.label(mode), month_bins(profile), table.time_ms, until)
    known = np.isfinite(came)
    came, score = came[known], run.risk[mode][known]
    found, failures = run.fitted.get(mode), table.failures(mode)
    few = f"{failures} failures are too few to learn from; risk is the fleet's rate"
    return ModeRecord(
        mode,
        "trees" if found else "prior",
        failures,
        list(found.rounds) if found else [],
        found.loss if found else 0.0,
        _known(auc(came, score)),
        _known(average_precision(came, score)),
        _known(expected_over_observed(came, score)),
        run.lines.lines[mode],
        "" if found else few,
        _curves(run, mode, came, score) if found and (came == 1).any() else None,
    )


def series_of(table: Table, mode: str) -> Series:
    """Rows and courses of one mode, as alerts are counted on them."""
    own = [course.modes[mode] for course in table.courses]
    return Series(table.vehicle, table.time_ms, own, table.scope.until_ms)


def _curves(run: Run, mode: str, came: Floats, score: Floats) -> ModeCurves:
    """`came` and `score` [n] of the rows whose outcome is known."""
    fitted, failures = run.fitted[mode], run.table.failures(mode)
    bins = reliability(came, score, rows_a_failure=max(1, round((came == 1).sum() / failures)))
    recall, precision = precision_recall(came, score)
    some = recall > 0
    recall, precision = thinned(recall[some], precision[some], _POINTS)
    leads = series_of(run.table, mode).leads(run.risk[mode], run.lines.lines[mode])
    step = max(1, max(map(len, fitted.curves.values())) // _POINTS)
    return ModeCurves(
        _short(bins.predicted),
        _short(bins.observed),
        _short(bins.low),
        _short(bins.high),
        bins.events.tolist(),
        _short(recall),
        _short(precision),
        _short(leads),
        failures,
        [_short(np.asarray(curve)[::step]) for curve in fitted.curves.values()],
        step,
    )


def _short(values: npt.NDArray[np.floating]) -> list[float]:
    return [round(float(one), _DIGITS) for one in values]


def _known(figure: float) -> float | None:
    return figure if np.isfinite(figure) else None
