"""State of health of cells: learnt from some, judged on another by its measured capacity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import msgspec
import numpy as np

from contracts.batches import Doubles, Ints
from contracts.errors import DataError, ModelError
from ingest.adapters.nasa_cells import Cell, Curve
from models.battery import (
    BLOCKS,
    LEAST_CYCLES,
    NEW,
    Estimate,
    HealthModel,
    Passage,
    fit_health,
    new_level,
    witnesses,
)

NEW_CYCLES: Final = range(2, 7)
"""Cycles that say what the cell was when new; the first may begin half charged."""
LEARNING_STEPS: Final = 12
"""Points of the learning curve."""


class CellHealth(msgspec.Struct, frozen=True):
    """State of health in percent of new at a cell's last `cycle` that tells, with the bounds that
    hold it nine times in ten; `reason` where it exceeds new.
    """

    cycle: int
    soh: float
    low: float
    high: float
    reason: str


class HealthFigures(msgspec.Struct, frozen=True):
    """Points are percent of the cell's own capacity when new; the capacity of `test` is used for
    nothing but these figures. `fit_rmse_points` is the error on the cells learnt from, `beyond_new`
    counts cycles of `test` whose estimate exceeds new (see Estimate.reason), `cells` has all that
    were looked at.
    """

    fit: list[str]
    test: str
    cycles: int
    rmse_points: float
    bias_points: float
    coverage_90: float
    width_90: float
    fit_rmse_points: float
    beyond_new: int
    cells: dict[str, CellHealth]


@dataclass(frozen=True, eq=False)
class HealthEvaluation:
    """The figures and what they were computed from: `cycle`, `true` [n], `bounds` [n x 3] and
    `passed` [n x witnesses] of the cell judged on; `known`: (passed, health) of those learnt from.
    What only a report asks for, when it asks.
    """

    figures: HealthFigures
    model: HealthModel
    cycle: Ints
    true: Doubles
    bounds: Doubles
    passed: Doubles
    known: Sequence[tuple[Doubles, Doubles]]

    @cached_property
    def stretches(self) -> list[tuple[int, int, float]]:
        """First and last cycle of stretches of the judged cell's life, and the share of each within
        its 90 % interval.
        """
        held = (self.bounds[:, 1] <= self.true) & (self.true <= self.bounds[:, 2])
        parts = np.array_split(np.arange(len(held)), BLOCKS)
        return [
            (int(self.cycle[part[0]]), int(self.cycle[part[-1]]), float(held[part].mean()))
            for part in parts
            if part.size
        ]

    @cached_property
    def learning(self) -> tuple[list[int], list[float]]:
        """Cycles learnt from, the first of each cell's life, and what the error (RMSE, points) on
        the judged cell's whole life then is.
        """
        longest = max(len(health) for _, health in self.known)
        some = np.linspace(LEAST_CYCLES, longest, LEARNING_STEPS).round().astype(int).tolist()
        errors = []
        for cycles in some:
            model = fit_health([(p[:cycles], health[:cycles]) for p, health in self.known])
            told = np.array([model.estimate(row).value for row in self.passed])
            errors.append(float(np.sqrt(np.mean((told - self.true) ** 2))))
        return some, errors

    @cached_property
    def weights(self) -> Doubles:
        """How far each witness moves the estimate over the judged cell's life [witnesses], as
        shares.
        """
        moved = np.abs(self.model.slopes) * np.nanstd(self.passed, axis=0)
        return np.asarray(moved / moved.sum())


@dataclass(frozen=True, eq=False)
class Life:
    """One cell after its new cycles: number, charge passed as share of new, health in percent."""

    cycle: Ints
    passed: Doubles
    health: Doubles


def evaluate(cells: Mapping[str, Cell], fit: Sequence[str], test: str) -> HealthEvaluation:
    """Learn from the cells `fit`, judge on `test`. Raises DataError, ModelError."""
    for name in [*fit, test]:
        if name not in cells:
            raise DataError(f"there is no cell {name}; there are {', '.join(sorted(cells))}")
    if test in fit:
        raise DataError(f"cell {test} may not be in --fit and --test")
    lives = {name: life_of(name, cells[name]) for name in [*fit, test]}
    known = [(lives[name].passed, lives[name].health) for name in fit]
    model = fit_health(known)
    told = {name: _estimates(model, name, life) for name, life in lives.items()}
    life, (seen, estimates) = lives[test], told[test]
    bounds = np.array([(one.value, one.low, one.high) for one in estimates]).reshape(-1, 3)
    error = bounds[:, 0] - life.health[seen]
    held = (bounds[:, 1] <= life.health[seen]) & (life.health[seen] <= bounds[:, 2])
    figures = HealthFigures(
        fit=list(fit),
        test=test,
        cycles=len(seen),
        rmse_points=float(np.sqrt(np.mean(error**2))),
        bias_points=float(error.mean()),
        coverage_90=float(held.mean()),
        width_90=float((bounds[:, 2] - bounds[:, 1]).mean()),
        fit_rmse_points=model.repeatability,
        beyond_new=sum(bool(one.reason) for one in estimates),
        cells={name: _last(lives[name], *told[name]) for name in lives},
    )
    own = (life.cycle[seen], life.health[seen], bounds, life.passed[seen])
    return HealthEvaluation(figures, model, *own, known)


def life_of(name: str, cell: Cell) -> Life:
    """What a cell's cycles after its new ones tell. Raises DataError without those."""
    numbers = np.array(sorted(cell.capacity_ah), np.int64)
    passed = np.array(
        [
            witnesses(_passage(cell.charges.get(n)), _passage(cell.discharges.get(n)))
            for n in numbers
        ]
    ).reshape(-1, 2)
    capacity = np.array([cell.capacity_ah[n] for n in numbers.tolist()])
    new = np.isin(numbers, NEW_CYCLES)
    if not new.any():
        first, last = NEW_CYCLES[0], NEW_CYCLES[-1]
        raise DataError(f"cell {name} has no cycle from {first} to {last}, which say what new is")
    later = numbers > NEW_CYCLES[-1]
    health = NEW * capacity / np.median(capacity[new])
    return Life(numbers[later], passed[later] / new_level(passed[new]), health[later])


def _estimates(model: HealthModel, name: str, life: Life) -> tuple[Ints, list[Estimate]]:
    """Places [n] of the cycles that tell anything, and the health told by each."""
    seen = np.flatnonzero(np.isfinite(life.passed).any(axis=1))
    if not len(seen):
        raise ModelError(f"no cycle of cell {name} crosses the voltages that tell its health")
    return seen, [model.estimate(life.passed[place]) for place in seen]


def _last(life: Life, seen: Ints, estimates: Sequence[Estimate]) -> CellHealth:
    one = estimates[-1]
    return CellHealth(int(life.cycle[seen[-1]]), one.value, one.low, one.high, one.reason)


def _passage(curve: Curve | None) -> Passage | None:
    return Passage(curve.time_s, curve.volts, curve.amps) if curve else None
