"""From stored history to a bundle: expectation, features, labels, trees, calibration, lines."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

import msgspec
import numpy as np

from contracts.batches import Flags, Floats, Ints
from contracts.errors import DataError, ModelError
from contracts.ports import History
from contracts.risk import ALERT_DAYS, HORIZONS_DAYS, MONTH
from features.expectation import Expectation
from features.profile import Profile
from models.alarms import Series
from models.bundle import Bundle
from models.calibrate import calibrate
from models.calibration import Calibration
from models.device import refuse_absent
from models.fared import bins_in_days
from models.fit import Fitted, Learner, fit_modes, own_columns
from models.folds import fold_rows
from models.grow import Grower, LocalGrower, Trees
from models.hazard import HazardModel
from models.healthy import healthy_expectation
from models.leaks import refuse_answers, refuse_future, refuse_shared_vehicles
from models.prior import prior_log_odds, prior_rates
from models.record import TrainingRecord
from models.recording import Run, record_of, with_life
from models.reference import Reference, evenly, reference_of
from models.rul import RulOptions, fit_rul, rul_rows
from models.scarce import fit_scarce
from models.table import DAY_MS, Progress, Scope, Table, no_progress, tabulate
from models.thresholds import FALSE_ALARMS, curves, quiet_lines
from models.trial import trial_rows
from models.unusual import fit_usual

EVER: Final = 1 << 62
LEAST_FAILURES: Final = 8
"""Below this there is nothing to hold out: the mode has no trees of its own (models/scarce.py)."""
LEARN_EVERY_DAYS: Final = 4
"""Trees are grown on one row of a vehicle in so many days."""
ROW_WEIGHT: Final = 0.1
"""What a row counts against the priors of the calibration: neighbours tell the same."""
LIFE_MEMBERS: Final = 3
"""Models of remaining life that are averaged, one a seed."""
_LIFE_LOCAL: Final = (
    "remaining life was learnt on this machine's processor: --dask and --device don't apply to it"
)
Growers = Callable[[Table, Flags], Grower]
"""Makes a grower of a table's rows to learn from."""


@dataclass(frozen=True)
class Options:
    """How to train. `until_ms` EVER takes all history. `false_alarms` a week per 100 vehicles.
    `trials` of tuning; 0 grows the trees as given.
    """

    tenant: str = "default"
    since_ms: int = 0
    until_ms: int = EVER
    seed: int = 1
    folds: int = 5
    trees: Trees = field(default_factory=Trees)
    false_alarms: float = FALSE_ALARMS
    least_failures: int = LEAST_FAILURES
    trials: int = 0


def train(
    history: History,
    profile: Profile,
    options: Options = Options(),
    expectation: Expectation | None = None,
    progress: Progress = no_progress,
    growers: Growers = LocalGrower,
) -> tuple[Bundle, TrainingRecord]:
    """A bundle and where it comes from.

    `expectation` is the one that the workers' state is made with (the champion's), so that a new
    champion needs no new state; without one it is fitted. Raises DataError without history, and
    ModelError for a device that isn't there, before anything is read.
    """
    refuse_absent(options.trees.device)
    _, until = history.span(options.tenant, profile.name)
    scope = Scope(options.tenant, options.since_ms, min(options.until_ms, until))
    if expectation is None:
        expectation = healthy_expectation(history, profile, scope, progress)
    table = tabulate(history, profile, expectation, scope, progress)
    bundle, record = train_on(table, expectation, options, progress, growers)
    if not profile.rul_cap:
        return bundle, record
    every = replace(scope, gap_ms=profile.score_interval_ms)
    rows = rul_rows(tabulate(history, profile, expectation, every, progress))
    if growers is not LocalGrower or options.trees.device != "cpu":
        record = msgspec.structs.replace(record, notes=[*record.notes, _LIFE_LOCAL])
    seeds = tuple(range(options.seed, options.seed + LIFE_MEMBERS))
    try:
        rul, fit = fit_rul(rows, profile, RulOptions(seeds), progress)
    except ModelError as error:
        return bundle, msgspec.structs.replace(record, notes=[*record.notes, str(error)])
    return replace(bundle, rul=rul), with_life(record, rows, rul, fit, seeds)


def _nothing(table: Table) -> str:
    since, until = (
        datetime.fromtimestamp(time_ms / 1_000, UTC).date()
        for time_ms in (table.scope.since_ms, table.scope.until_ms)
    )
    return (
        f"nothing of {table.profile.name} is stored between {since} and {until}; take other days "
        "to learn from"
    )


def train_on(
    table: Table,
    expectation: Expectation,
    options: Options = Options(),
    progress: Progress = no_progress,
    growers: Growers = LocalGrower,
) -> tuple[Bundle, TrainingRecord]:
    """See `train`; for a table that is there already."""
    if not len(table):
        raise DataError(_nothing(table))
    refuse_future(table)
    suspects = refuse_answers(table, bins_in_days(table.profile))
    fitted = _fit(table, options, progress, growers)
    models, risk = _models(table, fitted.modes)
    month = {mode: one[:, MONTH] for mode, one in risk.items()}
    tried = curves(_series(table, fitted.modes), month)
    lines = quiet_lines(table.profile, tried, options.false_alarms)
    drawn = {model.mode: lines.lines[model.mode] for model in models}
    rows = evenly(len(table))
    values = table.values(rows)
    known = _reference(table, rows, values, models, {mode: month[mode] for mode in fitted.modes})
    bundle = Bundle(
        table.profile.name,
        table.names,
        expectation,
        models,
        drawn,
        reference=known,
        usual=fit_usual(table.profile, values),
        trial=trial_rows(table, options.seed),
    )
    run = Run(table, fitted.trees, options.seed, fitted.modes, risk, lines)
    record = record_of(run, fitted.figures, tried)
    notes = [*record.notes, *map(str, suspects)]
    return bundle, msgspec.structs.replace(record, notes=notes)


@dataclass(frozen=True)
class _Fit:
    """Trees by mode, how they were grown, and figures of tuning."""

    modes: dict[str, Fitted]
    trees: Trees
    figures: dict[str, float]


def _fit(table: Table, options: Options, progress: Progress, growers: Growers) -> _Fit:
    """Trees of every mode that has failures enough, alone or with all others together."""
    modes = [mode.name for mode in table.profile.modes]
    chosen = [mode for mode in modes if table.failures(mode) >= options.least_failures]
    fold = fold_rows(table.vehicles, table.vehicle, options.folds, options.seed)
    refuse_shared_vehicles(table.vehicle, fold)
    found = _own_trees(table, fold, chosen, options, progress, growers)
    together = fit_scarce(table, fold, [mode for mode in modes if mode not in chosen])
    return replace(found, modes=found.modes | together)


def _own_trees(
    table: Table,
    fold: Ints,
    chosen: Sequence[str],
    options: Options,
    progress: Progress,
    growers: Growers,
) -> _Fit:
    trees = replace(options.trees, seed=options.seed)
    if not chosen:
        return _Fit({}, trees, {})
    refuse_absent(trees.device)
    learn = rows_to_learn_from(table)
    jobs = max(1, min(trees.jobs, len(chosen)))
    learners = [Learner.of(table, fold, learn, trees, growers(table, learn)) for _ in range(jobs)]
    figures: dict[str, float] = {}
    if options.trials:
        from models.tune import tune  # noqa: PLC0415 (Optuna takes half a second to import)

        trees, figures = tune(
            learners[0], chosen, options.trials, lambda share: progress("tuning", share)
        )
        learners = [replace(learner, trees=trees) for learner in learners]
    fitted = fit_modes(learners, chosen, lambda share: progress("models", share))
    return _Fit(fitted, trees, figures)


def rows_to_learn_from(table: Table) -> Flags:
    """Which rows [rows] trees are grown on: of each vehicle one in some days."""
    slot = table.time_ms // (LEARN_EVERY_DAYS * DAY_MS)
    first = np.ones(len(table), np.bool_)
    first[1:] = (slot[1:] != slot[:-1]) | (table.vehicle[1:] != table.vehicle[:-1])
    return first


def _models(
    table: Table, fitted: Mapping[str, Fitted]
) -> tuple[tuple[HazardModel, ...], dict[str, Floats]]:
    """The models, and each row's risk [rows x horizons] by trees that have not seen its vehicle.
    None at all where nothing of the profile has ever failed: then there is no rate to speak of.
    """
    ends = tuple(end / DAY_MS for end in table.profile.hazard_bins_ms)
    counts = {mode.name: table.failures(mode.name) for mode in table.profile.modes}
    if not any(counts.values()):
        return (), {}
    rates = prior_rates(counts, table.exposure_days())
    models: list[HazardModel] = []
    risk: dict[str, Floats] = {}
    for mode, rate in rates.items():
        found = fitted.get(mode)
        if found is None:
            margin = np.zeros(len(table), np.float32)
            flat = Calibration(prior_log_odds(rate, ends), (1.0,) * len(ends))
            models.append(HazardModel(mode, ends, flat))
        else:
            margin = found.margin
            numbers = found.calibration or calibrate(
                margin, table.label(mode), len(ends), ROW_WEIGHT
            )
            own = own_columns(table.profile, table.profile.mode(mode))
            models.append(HazardModel(mode, ends, numbers, found.booster, found.view, own))
        risk[mode] = models[-1].risk(margin, HORIZONS_DAYS)
    return tuple(models), risk


def _reference(
    table: Table,
    rows: Ints,
    values: Floats,
    models: Sequence[HazardModel],
    risk: Mapping[str, Floats],
) -> Reference:
    """What use will be held against: these rows with their `values`; `risk` of all rows by mode,
    of the modes with trees.
    """
    scores = {
        one.mode: (risk[one.mode][rows], one.risk(one.margin(values), (ALERT_DAYS,))[:, 0])
        for one in models
        if one.mode in risk
    }
    return reference_of(values, scores, table.vehicle[rows], table.time_ms[rows])


def _series(table: Table, fitted: Mapping[str, Fitted]) -> dict[str, Series]:
    return {
        mode: Series(
            table.vehicle,
            table.time_ms,
            [course.modes[mode] for course in table.courses],
            table.scope.until_ms,
        )
        for mode in fitted
    }
