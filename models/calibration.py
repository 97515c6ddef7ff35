"""Margins to honest probabilities: per bin an intercept and a slope (Platt), fitted out of fold.

Slopes are drawn towards the slope of all bins together, so that a bin with few failures doesn't
get one of its own making, and are never negative, so that risk never falls with the margin.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.batches import Floats
from models.hazard import Doubles
from models.labels import survived_bins

Flags = npt.NDArray[np.bool_]

_STEPS: Final = 50
_SLOPE_SD: Final = 0.15
"""How far a bin's slope may stray from the common one (prior standard deviation)."""
_COMMON_SD: Final = 0.5
"""How far the common slope may stray from one, which is what trees that don't overfit have."""
_LEAST: Final = 0.05


@dataclass(frozen=True)
class Calibration:
    """`intercept`, `slope` [bins]: the hazard's log-odds are intercept + slope x margin."""

    intercept: tuple[float, ...]
    slope: tuple[float, ...]


def calibrate(margin: Floats, label: Floats, bins: int, weight: float = 1.0) -> Calibration:
    """Fit on margins [n] of rows that the trees have not seen.

    `weight` is what a row counts against the priors: neighbouring rows of a vehicle tell the same
    failure again and again, so it is below one.
    """
    at_risk, failed = survived_bins(label, bins)
    wide = margin.astype(np.float64)
    start = _log_odds(at_risk, failed)
    common = np.concatenate([start, [1.0]])
    for _ in range(_STEPS):
        common, moved = _common_step(common, wide, at_risk, failed, weight)
        if moved < 1e-6:
            break
    slope = max(float(common[-1]), _LEAST)
    found = [
        _bin(wide, at_risk[:, place], failed[:, place], float(common[place]), slope, weight)
        for place in range(bins)
    ]
    return Calibration(tuple(a for a, _ in found), tuple(max(g, _LEAST) for _, g in found))


def _log_odds(at_risk: Floats, failed: Flags) -> Doubles:
    share = (failed.sum(0, dtype=np.float64) + 0.01) / (at_risk.sum(0, dtype=np.float64) + 1.0)
    return np.asarray(np.log(share / (1 - share)))


def _common_step(
    found: Doubles, margin: Doubles, at_risk: Floats, failed: Flags, weight: float
) -> tuple[Doubles, float]:
    """One Newton step for an intercept a bin and one slope for all."""
    bins = at_risk.shape[1]
    chance = 1 / (1 + np.exp(-(found[:-1] + np.outer(margin, np.full(bins, found[-1])))))
    error = (at_risk * chance - failed) * weight
    spread = at_risk * chance * (1 - chance) * weight
    gradient = np.append(error.sum(0), (error.sum(1) @ margin))
    gradient[-1] += (found[-1] - 1.0) / _COMMON_SD**2
    second = np.diag(np.append(spread.sum(0), spread.sum(1) @ margin**2))
    second[:-1, -1] = second[-1, :-1] = margin @ spread
    second[-1, -1] += 1 / _COMMON_SD**2
    second[np.diag_indices(bins + 1)] += 1e-6
    step = np.clip(np.linalg.solve(second, gradient), -1.0, 1.0)
    return found - step, float(np.abs(step).max())


def _bin(
    margin: Doubles, at_risk: Floats, failed: Flags, start: float, slope: float, weight: float
) -> tuple[float, float]:
    """Intercept and slope of one bin."""
    found = np.array([start, slope])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-(found[0] + found[1] * margin)))
        error = (at_risk * chance - failed) * weight
        spread = at_risk * chance * (1 - chance) * weight
        gradient = np.array([error.sum(), error @ margin + (found[1] - slope) / _SLOPE_SD**2])
        across = spread @ margin
        second = np.array(
            [
                [spread.sum() + 1e-6, across],
                [across, spread @ margin**2 + 1 / _SLOPE_SD**2],
            ]
        )
        step = np.clip(np.linalg.solve(second, gradient), -1.0, 1.0)
        found = found - step
        if np.abs(step).max() < 1e-6:
            break
    return float(found[0]), float(found[1])
