"""Writes down what a training run came to (models/record.py)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import msgspec
import numpy as np

from contracts.batches import Floats
from contracts.risk import MONTH
from models.alarms import Tally
from models.fared import came_in_days, mode_curves
from models.fit import Fitted
from models.grow import Trees
from models.life_left import RulRows
from models.metrics import auc, average_precision, expected_over_observed
from models.record import ModeRecord, TrainingRecord
from models.rul import LEVEL, RulFit, RulModel
from models.table import Table
from models.thresholds import Lines

_NOTES: Final = {
    "trees": "",
    "pooled": "{} failures are too few to learn from alone; learnt with all modes together",
    "prior": "{} failures are too few to learn from; risk is the fleet's rate",
}


@dataclass(frozen=True, eq=False)
class Run:
    """What there is to be written down. `risk` [rows x horizons] by mode is by trees that had not
    seen the row's vehicle.
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


def with_life(
    record: TrainingRecord, rows: RulRows, model: RulModel, fit: RulFit, seeds: Sequence[int]
) -> TrainingRecord:
    """The record with what the model of remaining life was judged by, on units that its trees had
    not seen; in the profile's unit.
    """
    error = fit.predicted - np.minimum(rows.life_left, np.float32(model.cap))
    low, high = model.intervals.bounds(fit.predicted, LEVEL).T
    figures = {
        "rul_cv_rmse": float(np.sqrt(np.mean(error.astype(np.float64) ** 2))),
        "rul_cv_bias": float(error.mean()),
        "rul_cv_width_90": float((high - low).mean()),
        "rul_rows": float(len(rows)),
        "rul_units": float(np.unique(rows.vehicle).size),
    }
    parameters: dict[str, float | int | str] = {
        "rul_seeds": ", ".join(map(str, seeds)),
        "rul_rounds": ", ".join(map(str, fit.rounds)),
    }
    return msgspec.structs.replace(
        record,
        figures={**record.figures, **figures},
        parameters={**record.parameters, **parameters},
    )


def _mode_record(run: Run, mode: str) -> ModeRecord:
    table = run.table
    came = came_in_days(table, mode)
    known = np.isfinite(came)
    came, score = came[known], run.risk[mode][known, MONTH]
    found, failures = run.fitted.get(mode), table.failures(mode)
    line = run.lines.lines[mode]
    method = "prior" if found is None else "pooled" if found.view else "trees"
    return ModeRecord(
        mode,
        method,
        failures,
        list(found.rounds) if found else [],
        found.loss if found else 0.0,
        _known(auc(came, score)),
        _known(average_precision(came, score)),
        _known(expected_over_observed(came, score)),
        line,
        _NOTES[method].format(failures),
        mode_curves(table, mode, run.risk[mode], line, found.curves) if found else None,
    )


def _known(figure: float) -> float | None:
    return figure if np.isfinite(figure) else None
