"""Remaining life of C-MAPSS engines: fitted on runs to failure, judged on runs cut before."""

from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from contracts.batches import Floats
from contracts.errors import DataError
from contracts.ports import History
from features.expectation import Expectation
from features.profile import Profile
from models.conformal import coverage
from models.healthy import healthy_expectation
from models.life_left import RulRows
from models.rul import RulFit, RulModel, RulOptions, fit_rul, rul_rows
from models.table import Progress, Scope, Table, no_progress, tabulate

TENANT: Final = "default"


class LifeFigures(msgspec.Struct, frozen=True):
    """Figures of one subset. Lives in cycles; `capped`: both truth and prediction end at the cap.

    `score` is that of the PHM08 challenge (Saxena et al. 2008), a sum over engines. All figures are
    of the mean of all seeds' members, which is what is shipped, but `rmse_capped_by_seed`, each
    member alone, and `rmse_capped_seed_mean`, the mean of these. `cv_rmse_capped` is from folds of
    training engines, each engine counting once.
    """

    subset: str
    train_engines: int
    test_engines: int
    rmse_capped: float
    rmse_raw: float
    score_capped: float
    score_raw: float
    coverage_80: float
    width_80: float
    coverage_90: float
    width_90: float
    rmse_capped_by_seed: list[float]
    rmse_capped_seed_mean: float
    cv_rmse_capped: float
    rounds: list[int]
    seeds: list[int]


@dataclass(frozen=True, eq=False)
class LifeEvaluation:
    """The figures and what they were computed from, for reports."""

    figures: LifeFigures
    model: RulModel
    fit: RulFit
    train: RulRows
    predicted: Floats
    true_life: Floats
    names: tuple[str, ...]


def evaluate(
    profile: Profile,
    subset: str,
    train: History,
    test: History,
    true_life: Floats,
    options: RulOptions,
    progress: Progress = no_progress,
) -> LifeEvaluation:
    """Fit on `train`, judge the last row of each vehicle of `test` by `true_life`, which stands in
    the order of the vehicles' ids. Raises DataError when these don't fit.
    """
    expectation = healthy_expectation(train, profile, _scope(train, profile), progress)
    table = _table(train, profile, expectation, progress)
    rows = rul_rows(table)
    model, fit = fit_rul(rows, profile, options, progress)
    judged = _last_rows(_table(test, profile, expectation, progress))
    if len(judged) != len(true_life):
        raise DataError(
            f"{subset}: {len(judged)} engines to test, but {len(true_life)} true lives; give the "
            "RUL file that belongs to the test file"
        )
    predicted = model.predict(judged)
    figures = _figures(subset, profile, model, fit, rows, judged, true_life, options)
    return LifeEvaluation(figures, model, fit, rows, predicted, true_life, table.names)


def phm08_score(predicted: Floats, actual: Floats) -> float:
    """The challenge's score: late predictions cost more than early ones, and exponentially."""
    late = (predicted - actual).astype(np.float64)
    return float(np.where(late < 0, np.expm1(-late / 13), np.expm1(late / 10)).sum())


def rmse(predicted: Floats, actual: Floats) -> float:
    """Root mean square error."""
    error = (predicted - actual).astype(np.float64)
    return float(np.sqrt(np.mean(error * error)))


def _scope(history: History, profile: Profile) -> Scope:
    since, until = history.span(TENANT, profile.name)
    return Scope(TENANT, since, until, gap_ms=profile.score_interval_ms)


def _table(
    history: History, profile: Profile, expectation: Expectation, progress: Progress
) -> Table:
    return tabulate(history, profile, expectation, _scope(history, profile), progress)


def _last_rows(table: Table) -> Floats:
    last = np.searchsorted(table.vehicle, np.arange(len(table.vehicles)), side="right") - 1
    return table.values(last)


def _figures(  # noqa: PLR0913, PLR0917 (what figures are made of)
    subset: str,
    profile: Profile,
    model: RulModel,
    fit: RulFit,
    rows: RulRows,
    judged: Floats,
    true_life: Floats,
    options: RulOptions,
) -> LifeFigures:
    at_80, at_90 = model.predict(judged, 0.8), model.predict(judged, 0.9)
    value, capped = at_90[:, 0], np.minimum(true_life, np.float32(profile.rul_cap))
    coverage_80, width_80 = coverage(at_80[:, 1:], capped)
    coverage_90, width_90 = coverage(at_90[:, 1:], capped)
    by_seed = [rmse(one, capped) for one in model.member_values(judged)]
    return LifeFigures(
        subset=subset,
        train_engines=int(np.unique(rows.vehicle).size),
        test_engines=len(judged),
        rmse_capped=rmse(value, capped),
        rmse_raw=rmse(value, true_life),
        score_capped=phm08_score(value, capped),
        score_raw=phm08_score(value, true_life),
        coverage_80=coverage_80,
        width_80=width_80,
        coverage_90=coverage_90,
        width_90=width_90,
        rmse_capped_by_seed=by_seed,
        rmse_capped_seed_mean=float(np.mean(by_seed)),
        cv_rmse_capped=_cv_rmse(fit, rows, profile.rul_cap),
        rounds=list(fit.rounds),
        seeds=list(options.seeds),
    )


def _cv_rmse(fit: RulFit, rows: RulRows, cap: float) -> float:
    """Error on units held out, each unit counting once."""
    error = fit.predicted - np.minimum(rows.life_left, np.float32(cap))
    _, place, count = np.unique(rows.vehicle, return_inverse=True, return_counts=True)
    return float(np.sqrt(np.average(error.astype(np.float64) ** 2, weights=1 / count[place])))
