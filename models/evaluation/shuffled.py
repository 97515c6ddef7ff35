"""Trees grown on outcomes dealt out by chance, and judged on such: they must be worth nothing.

Every vehicle gets the failures of another one, moved in time by chance: neither its wear, nor its
parts' ages, nor the season goes with them, but they still come in lives, as real ones do. Features
stay. What ranks the fresh vehicles nevertheless was told the answer.

The fresh outcomes are dealt out too. Against what truly came such trees are a little better than
chance (docs/decisions/0008): rows unlike all others are told little of and so rank above the many
that are told to be sound, and failing vehicles are unlike all others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from contracts.batches import Floats, Ints
from models.fared import came_in_days
from models.fit import Learner
from models.grow import Trees
from models.labels import Course, ModeCourse
from models.metrics import auc
from models.table import Progress, Table, label_rows
from models.training import rows_to_learn_from

ROUNDS: Final = 60
"""Far fewer than a training's, without folds: what is there to be found is found by then."""
SHUFFLES: Final = 3
"""Deals of outcomes whose figures are averaged: a few dozen failures leave each to chance."""


@dataclass(frozen=True, eq=False)
class Shuffled:
    """Boosters by mode, one a deal."""

    boosters: Mapping[str, Sequence[Any]]

    @classmethod
    def learn(
        cls, table: Table, trees: Trees, modes: Sequence[str], progress: Progress
    ) -> "Shuffled":
        """Grow trees of these modes on the table's features and outcomes dealt out by chance."""
        fold, learn = np.zeros(len(table), np.int64), rows_to_learn_from(table)
        learner = Learner.of(table, fold, learn, trees)
        found: dict[str, list[Any]] = {mode: [] for mode in modes}
        for deal in range(SHUFFLES):
            dealt = replace(learner, table=replace(table, labels=_dealt(table, deal)))
            for place, mode in enumerate(modes):
                found[mode].append(dealt.grow(table.profile.mode(mode), ROUNDS))
                progress("shuffled outcomes", (deal + (place + 1) / len(modes)) / SHUFFLES)
        return cls(found)

    def auc(self, fresh: Table, values: Floats) -> dict[str, float]:
        """Area under the ROC curve on a fresh table's rows and outcomes dealt out by chance, by
        mode, mean of the deals; `values` [rows x features]. NaN where no row is before a failure.
        """
        found: dict[str, list[float]] = {mode: [] for mode in self.boosters}
        for deal in range(SHUFFLES):
            dealt = replace(fresh, labels=_dealt(fresh, SHUFFLES + deal))
            for mode, boosters in self.boosters.items():
                came = came_in_days(dealt, mode)
                rows = np.flatnonzero(np.isfinite(came))
                margin = boosters[deal].inplace_predict(values[rows], predict_type="margin")
                found[mode].append(auc(came[rows], margin))
        return {mode: _mean(one) for mode, one in found.items()}


def _mean(figures: Sequence[float]) -> float:
    known = [one for one in figures if np.isfinite(one)]
    return float(np.mean(known)) if known else float("nan")


def _dealt(table: Table, seed: int) -> Floats:
    """Labels [modes x rows] by the courses of other vehicles at other times."""
    random = np.random.default_rng(seed)
    since, until = int(table.time_ms.min()), table.scope.until_ms
    givers = random.permutation(len(table.courses)).tolist()
    shifts = random.integers(until - since, size=len(givers)).tolist()
    dealt = [
        _moved(table.courses[giver], since, until, shift)
        for giver, shift in zip(givers, shifts, strict=True)
    ]
    return label_rows(table.profile, dealt, table.vehicle, table.time_ms, until)


def _moved(course: Course, since: int, until: int, shift: int) -> Course:
    """The course later by `shift`; what leaves the span comes back at its start."""

    def moved(times: Ints) -> Ints:
        return np.sort((times - since + shift) % (until - since) + since)

    modes = {
        name: ModeCourse(moved(one.failed), moved(one.ended), moved(one.sound), moved(one.found))
        for name, one in course.modes.items()
    }
    return Course(modes, course.broken)
