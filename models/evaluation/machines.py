"""Failures of machines' components a day ahead: fitted on some machines, judged on others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from contracts.batches import Floats, Ints
from contracts.errors import DataError
from contracts.ports import History
from features.expectation import Expectation
from features.profile import Profile
from models.hazard import HazardModel
from models.healthy import healthy_expectation
from models.metrics import auc, average_precision, expected_over_observed
from models.pooled import Pooled, fit_pooled
from models.table import DAY_MS, Progress, Scope, Table, no_progress, tabulate

TENANT: Final = "default"
HORIZON_DAYS: Final = 1
ANY: Final = "any"


class RankFigures(msgspec.Struct, frozen=True):
    """How well rows are ranked and how honest the probabilities are; NaN (null) without failures.

    `events` are distinct failures that rows could announce, `positives` the rows before them.
    """

    auc: float
    average_precision: float
    expected_over_observed: float
    events: int
    positives: int
    rows: int


class MachineFigures(msgspec.Struct, frozen=True):
    """Figures on the machines held out, a day ahead; `cv` those of training machines by trees
    that had not seen them. By component; `any` is any of them.
    """

    train: list[str]
    test: list[str]
    any: RankFigures
    components: dict[str, RankFigures]
    cv: dict[str, RankFigures]
    rounds: list[int]


@dataclass(frozen=True, eq=False)
class MachineEvaluation:
    """The figures and what they were computed from. `risk`, `came` [modes x rows] of `table`."""

    figures: MachineFigures
    pooled: Pooled
    table: Table
    risk: Floats
    came: Floats


def evaluate(
    profile: Profile,
    history: History,
    train: Sequence[str],
    test: Sequence[str],
    progress: Progress = no_progress,
) -> MachineEvaluation:
    """Fit on the machines `train`, judge on `test`, by their ids. Raises DataError."""
    _check(history, profile, train, test)
    expectation = healthy_expectation(history, profile, _scope(history, profile, train), progress)
    known = _table(history, profile, expectation, train, progress)
    pooled = fit_pooled(profile, known.values(), known.labels, known.vehicle)
    progress("models", 1.0)
    judged = _table(history, profile, expectation, test, progress)
    risk, came = _risk(pooled.models, judged.values()), _came(judged)
    own = {
        name: model.risk(margin, (HORIZON_DAYS,))[:, 0]
        for (name, model), margin in zip(pooled.models.items(), pooled.margin, strict=True)
    }
    figures = _figures(profile, judged, came, risk)
    return MachineEvaluation(
        MachineFigures(
            train=list(known.vehicles),
            test=list(judged.vehicles),
            any=figures.pop(ANY),
            components=figures,
            cv=_figures(profile, known, _came(known), np.stack(list(own.values()))),
            rounds=list(pooled.rounds),
        ),
        pooled,
        judged,
        risk,
        came,
    )


def _check(history: History, profile: Profile, train: Sequence[str], test: Sequence[str]) -> None:
    known = set(history.vehicles(TENANT, profile.name))
    absent = [one for one in [*train, *test] if one not in known]
    if absent:
        raise DataError(f"the data has no {', '.join(absent[:5])}; it has {len(known)} machines")
    both = sorted(set(train) & set(test))
    if both:
        raise DataError(f"{', '.join(both[:5])}: a machine may not be in --train and in --test")
    if len(train) < 2:
        raise DataError("--train needs two machines or more: rounds are chosen on ones left out")


def _scope(history: History, profile: Profile, vehicles: Sequence[str]) -> Scope:
    since, until = history.span(TENANT, profile.name)
    return Scope(TENANT, since, until, profile.score_interval_ms, sorted(vehicles))


def _table(
    history: History,
    profile: Profile,
    expectation: Expectation,
    vehicles: Sequence[str],
    progress: Progress,
) -> Table:
    return tabulate(history, profile, expectation, _scope(history, profile, vehicles), progress)


def _risk(models: Mapping[str, HazardModel], values: Floats) -> Floats:
    return np.stack(
        [model.risk(model.margin(values), (HORIZON_DAYS,))[:, 0] for model in models.values()]
    )


def _came(table: Table) -> Floats:
    """Whether each mode failed within the day [modes x rows]; NaN where the data end before.

    A row before a planned replacement counts as one without a failure, as it would for someone who
    doesn't know the plan, though the hazard's own labels leave it open.
    """
    modes = [mode.name for mode in table.profile.modes]
    found = np.zeros((len(modes), len(table)), np.float32)
    bounds = np.searchsorted(table.vehicle, np.arange(len(table.vehicles) + 1)).tolist()
    horizon = HORIZON_DAYS * DAY_MS
    for place, course in enumerate(table.courses):
        rows = slice(bounds[place], bounds[place + 1])
        times = table.time_ms[rows]
        for index, mode in enumerate(modes):
            failed = course.modes[mode].failed
            after = np.searchsorted(failed, times, side="right")
            within = np.searchsorted(failed, times + horizon, side="right")
            found[index, rows] = within > after
    found[:, table.time_ms + horizon >= table.scope.until_ms] = np.nan
    return found


def _figures(profile: Profile, table: Table, came: Floats, risk: Floats) -> dict[str, RankFigures]:
    """By mode, and for any of them (the modes fail independently, given the features)."""
    found = {
        mode.name: _figure(came[place], risk[place], _events(table, [mode.name]))
        for place, mode in enumerate(profile.modes)
    }
    modes = [mode.name for mode in profile.modes]
    whole = np.isfinite(came).all(axis=0)
    any_came = np.where(whole, came.max(axis=0), np.nan)
    any_risk = 1 - np.prod(1 - risk.astype(np.float64), axis=0)
    found[ANY] = _figure(any_came, any_risk.astype(np.float32), _events(table, modes))
    return found


def _figure(came: Floats, risk: Floats, events: int) -> RankFigures:
    known = np.isfinite(came)
    label, score = came[known], risk[known]
    return RankFigures(
        auc(label, score),
        average_precision(label, score),
        expected_over_observed(label, score),
        events,
        int((label == 1).sum()),
        len(label),
    )


def _events(table: Table, modes: Sequence[str]) -> int:
    """Distinct failures of these modes after the vehicle's first row."""
    count = 0
    for place, course in enumerate(table.courses):
        own = table.time_ms[table.vehicle == place]
        times: list[Ints] = [course.modes[mode].failed for mode in modes]
        count += len(np.unique([t for t in np.concatenate(times) if len(own) and t > own[0]]))
    return count
