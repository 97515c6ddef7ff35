"""State of health of cells: learnt from some, judged on another by its measured capacity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from contracts.batches import Doubles, Ints
from contracts.errors import DataError
from ingest.adapters.nasa_cells import Cell, Curve
from models.battery import (
    NEW,
    HealthModel,
    Passage,
    fit_health,
    new_level,
    witnesses,
)

NEW_CYCLES: Final = range(2, 7)
"""Cycles that say what the cell was when new; the first may begin half charged."""


class HealthFigures(msgspec.Struct, frozen=True):
    """Points are percent of the cell's own capacity when new; the capacity of `test` is used for
    nothing but these figures. `fit_rmse_points` is the error on the cells learnt from.
    """

    fit: list[str]
    test: str
    cycles: int
    rmse_points: float
    bias_points: float
    coverage_90: float
    width_90: float
    fit_rmse_points: float


@dataclass(frozen=True, eq=False)
class HealthEvaluation:
    """The figures and what they were computed from: `cycle`, `true` [n], `bounds` [n x 3]."""

    figures: HealthFigures
    model: HealthModel
    cycle: Ints
    true: Doubles
    bounds: Doubles


@dataclass(frozen=True, eq=False)
class _Life:
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
    learnt = [_life(name, cells[name]) for name in fit]
    model = fit_health([(life.passed, life.health) for life in learnt])
    life = _life(test, cells[test])
    bounds = np.clip(model.bounds(life.passed), 0.0, NEW)
    seen = np.isfinite(bounds[:, 0])
    error = bounds[seen, 0] - life.health[seen]
    held = (bounds[seen, 1] <= life.health[seen]) & (life.health[seen] <= bounds[seen, 2])
    figures = HealthFigures(
        fit=list(fit),
        test=test,
        cycles=int(seen.sum()),
        rmse_points=float(np.sqrt(np.mean(error**2))),
        bias_points=float(error.mean()),
        coverage_90=float(held.mean()),
        width_90=float((bounds[seen, 2] - bounds[seen, 1]).mean()),
        fit_rmse_points=model.repeatability,
    )
    return HealthEvaluation(figures, model, life.cycle[seen], life.health[seen], bounds[seen])


def _life(name: str, cell: Cell) -> _Life:
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
    return _Life(numbers[later], passed[later] / new_level(passed[new]), health[later])


def _passage(curve: Curve | None) -> Passage | None:
    return Passage(curve.time_s, curve.volts, curve.amps) if curve else None
