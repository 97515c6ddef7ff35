"""From stored history to a bundle: expectation, features, labels, trees, calibration, lines."""

from dataclasses import asdict, dataclass, field, replace
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from contracts.batches import Floats
from contracts.errors import ModelError
from contracts.ports import History
from features.expectation import Expectation
from features.profile import Profile
from models.alarms import Series
from models.bundle import Bundle
from models.calibration import Calibration, calibrate
from models.fit import Fitted, Trees, fit_modes
from models.folds import fold_rows
from models.hazard import HazardModel, pooled_log_odds
from models.healthy import healthy_expectation
from models.leaks import refuse_answers, refuse_future, refuse_shared_vehicles
from models.metrics import auc, average_precision, expected_over_observed, known_within
from models.record import ModeRecord, TrainingRecord
from models.rul import fit_rul, rul_rows
from models.table import DAY_MS, Progress, Scope, Table, no_progress, tabulate
from models.thresholds import FALSE_ALARMS, Lines, curves, quiet_lines

EVER: Final = 1 << 62
LEAST_FAILURES: Final = 8
"""Below this there is nothing to hold out: the mode gets a prior instead of trees."""
LEARN_EVERY_DAYS: Final = 4


@dataclass(frozen=True)
class Options:
    """How to train. `until_ms` EVER takes all history. `false_alarms` a week per 100 vehicles."""

    tenant: str = "default"
    since_ms: int = 0
    until_ms: int = EVER
    seed: int = 1
    folds: int = 5
    trees: Trees = field(default_factory=Trees)
    false_alarms: float = FALSE_ALARMS
    least_failures: int = LEAST_FAILURES


def train(
    history: History,
    profile: Profile,
    options: Options = Options(),
    expectation: Expectation | None = None,
    progress: Progress = no_progress,
) -> tuple[Bundle, TrainingRecord]:
    """A bundle and where it comes from.

    `expectation` is the one that the workers' state is made with (the champion's), so that a new
    champion needs no new state; without one it is fitted. Raises DataError without history.
    """
    _, until = history.span(options.tenant, profile.name)
    scope = Scope(options.tenant, options.since_ms, min(options.until_ms, until))
    if expectation is None:
        expectation = healthy_expectation(history, profile, scope, progress)
    table = tabulate(history, profile, expectation, scope, progress)
    bundle, record = train_on(table, expectation, options, progress)
    if not profile.rul_cap:
        return bundle, record
    every = replace(scope, gap_ms=profile.score_interval_ms)
    rows = rul_rows(tabulate(history, profile, expectation, every, progress))
    try:
        rul = fit_rul(rows, profile, progress=progress)[0]
    except ModelError as error:
        return bundle, msgspec.structs.replace(record, notes=[*record.notes, str(error)])
    return replace(bundle, rul=rul), record


def train_on(
    table: Table,
    expectation: Expectation,
    options: Options = Options(),
    progress: Progress = no_progress,
) -> tuple[Bundle, TrainingRecord]:
    """See `train`; for a table that is there already."""
    refuse_future(table)
    suspects = refuse_answers(table, month_bins(table.profile))
    fitted = _fit(table, options, progress)
    models, margins = _models(table, fitted)
    risk = {model.mode: model.risk(margins[model.mode], (30,))[:, 0] for model in models}
    tried = curves(_series(table, fitted), risk)
    lines = quiet_lines(table.profile, tried, options.false_alarms)
    bundle = Bundle(table.profile.name, table.names, expectation, models, lines.lines)
    record = _record(table, options, fitted, risk, lines)
    notes = [*record.notes, *map(str, suspects)]
    return bundle, msgspec.structs.replace(record, notes=notes, tried=tried)


def _fit(table: Table, options: Options, progress: Progress) -> dict[str, Fitted]:
    """Trees of every mode that has failures enough."""
    modes = [mode.name for mode in table.profile.modes]
    chosen = [mode for mode in modes if table.failures(mode) >= options.least_failures]
    if not chosen:
        return {}
    fold = fold_rows(table.vehicles, table.vehicle, options.folds, options.seed)
    refuse_shared_vehicles(table.vehicle, fold)
    trees = replace(options.trees, seed=options.seed)
    return fit_modes(
        table, chosen, fold, _thinned(table), trees, lambda share: progress("models", share)
    )


def month_bins(profile: Profile) -> int:
    """How many hazard bins the next 30 days are, or all where they are shorter."""
    within = int(np.searchsorted(profile.hazard_bins_ms, 30 * DAY_MS)) + 1
    return min(within, len(profile.hazard_bins))


def _thinned(table: Table) -> npt.NDArray[np.bool_]:
    """The rows [rows] to learn from: of each vehicle one in some days."""
    slot = table.time_ms // (LEARN_EVERY_DAYS * DAY_MS)
    first = np.ones(len(table), np.bool_)
    first[1:] = (slot[1:] != slot[:-1]) | (table.vehicle[1:] != table.vehicle[:-1])
    return first


def _models(
    table: Table, fitted: dict[str, Fitted]
) -> tuple[tuple[HazardModel, ...], dict[str, Floats]]:
    """The models, and each row's margin by trees that have not seen its vehicle."""
    profile = table.profile
    ends = tuple(end / DAY_MS for end in profile.hazard_bins_ms)
    margins, models = {}, []
    for mode in profile.modes:
        label = table.label(mode.name)
        found = fitted.get(mode.name)
        if found is None:
            margins[mode.name] = np.zeros(len(table), np.float32)
            calibration = Calibration(
                tuple(pooled_log_odds(label, len(ends)).tolist()), (1.0,) * len(ends)
            )
        else:
            margins[mode.name] = found.margin
            calibration = calibrate(found.margin, label, len(ends), weight=0.1)
        booster = found.booster if found else None
        models.append(
            HazardModel(mode.name, ends, calibration.intercept, calibration.slope, booster)
        )
    return tuple(models), margins


def _series(table: Table, fitted: dict[str, Fitted]) -> dict[str, Series]:
    return {
        mode: Series(
            table.vehicle,
            table.time_ms,
            [course.modes[mode] for course in table.courses],
            table.scope.until_ms,
        )
        for mode in fitted
    }


def _record(
    table: Table,
    options: Options,
    fitted: dict[str, Fitted],
    risk: dict[str, Floats],
    lines: Lines,
) -> TrainingRecord:
    scope = table.scope
    return TrainingRecord(
        table.profile.name,
        table.profile.version,
        scope.tenant,
        int(table.time_ms.min(initial=scope.until_ms)),
        scope.until_ms,
        len(table.vehicles),
        table.summaries,
        len(table),
        {key: value for key, value in asdict(options.trees).items() if key != "jobs"},
        options.seed,
        [_mode_record(table, mode.name, fitted, risk, lines) for mode in table.profile.modes],
        {
            "caught_3d_share": lines.caught_share,
            "false_alarms_per_100_vehicles_week": lines.false_rate,
        },
    )


def _mode_record(
    table: Table, mode: str, fitted: dict[str, Fitted], risk: dict[str, Floats], lines: Lines
) -> ModeRecord:
    came = known_within(table.label(mode), month_bins(table.profile))
    known = np.isfinite(came)
    came, score = came[known], risk[mode][known]
    found = fitted.get(mode)
    failures = table.failures(mode)
    note = (
        "" if found else f"{failures} failures are too few to learn from; risk is the fleet's rate"
    )
    return ModeRecord(
        mode,
        "trees" if found else "prior",
        failures,
        list(found.rounds) if found else [],
        found.loss if found else 0.0,
        _known(auc(came, score)),
        _known(average_precision(came, score)),
        _known(expected_over_observed(came, score)),
        lines.lines[mode],
        note,
    )


def _known(figure: float) -> float | None:
    return figure if np.isfinite(figure) else None
