"""Intervals around a predicted number, honest for units not seen before.

Split conformal prediction (Vovk et al. 2005; Lei et al. 2018) on residuals of predictions that had
not seen the unit. Mondrian: bins of the predicted value have quantiles of their own. Grouped: rows
of one unit resemble each other, units are exchangeable; so within a bin every unit counts once,
however many rows it has, and one more unit, the new one, may lie anywhere (Dunn, Wasserman and
Ramdas 2023, "Distribution-free prediction sets for two-layer hierarchical models": pooled CDFs).
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from contracts.batches import Floats, Ints

LEVELS: Final = (0.8, 0.9)
BINS: Final = 8
LEAST_UNITS: Final = 20
"""Bins with fewer units than this are joined with their neighbour."""


class Intervals(msgspec.Struct, frozen=True):
    """`edges` [bins - 1] of the predicted value; `low`, `high` [levels][bins] are added to it.

    Bounds stay within `floor` and `ceiling`, as the true values do.
    """

    edges: list[float]
    levels: list[float]
    low: list[list[float]]
    high: list[list[float]]
    floor: float
    ceiling: float

    def bounds(self, predicted: Floats, level: float) -> Floats:
        """Low and high [n x 2] that hold the true value with probability `level`, one of `levels`.

        The predicted value itself lies within.
        """
        place = np.searchsorted(np.array(self.edges, np.float32), predicted, side="right")
        index = self.levels.index(level)
        offset = np.array([self.low[index], self.high[index]], np.float32)[:, place].T
        found = np.clip(predicted[:, None] + offset, self.floor, self.ceiling)
        return np.asarray(found, np.float32)


def fit_intervals(
    predicted: Floats,
    actual: Floats,
    unit: Ints,
    limits: tuple[float, float],
    levels: Sequence[float] = LEVELS,
) -> Intervals:
    """Intervals from predictions [n] for units [n] that the model had not seen; true values lie
    within `limits`.

    Each side gets half of the error: the bounds are quantiles of the signed residual.
    """
    edges = _edges(predicted, unit)
    place = np.searchsorted(edges, predicted, side="right")
    low = np.zeros((len(levels), len(edges) + 1))
    high = np.zeros_like(low)
    for number in range(len(edges) + 1):
        rows = place == number
        residual, weight = (actual - predicted)[rows], _unit_weight(unit[rows])
        for index, level in enumerate(levels):
            share = (1 + level) / 2
            high[index, number] = max(0.0, _quantile(residual, weight, share))
            low[index, number] = min(0.0, -_quantile(-residual, weight, share))
    floor, ceiling = limits
    return Intervals(edges.tolist(), list(levels), low.tolist(), high.tolist(), floor, ceiling)


def coverage(bounds: Floats, actual: Floats) -> tuple[float, float]:
    """Share of `actual` [n] within `bounds` [n x 2], and the bounds' mean width."""
    within = (bounds[:, 0] <= actual) & (actual <= bounds[:, 1])
    return float(within.mean()), float((bounds[:, 1] - bounds[:, 0]).mean())


def _edges(predicted: Floats, unit: Ints) -> Floats:
    """Where bins of about equal mass end, as far as each holds enough units."""
    weight = _unit_weight(unit)
    order = np.argsort(predicted, kind="stable")
    mass = np.cumsum(weight[order])
    wanted = np.searchsorted(mass, np.arange(1, BINS) / BINS * mass[-1])
    edges: list[float] = []
    start = -np.inf
    for edge in np.unique(predicted[order[wanted]]).tolist():
        units = np.unique(unit[(predicted >= start) & (predicted < edge)]).size
        rest = np.unique(unit[predicted >= edge]).size
        if min(units, rest) >= LEAST_UNITS:
            edges.append(edge)
            start = edge
    return np.array(edges, np.float32)


def _unit_weight(unit: Ints) -> Floats:
    """Weights [n] by which every unit counts one."""
    _, place, count = np.unique(unit, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / count[place], np.float32)


def _quantile(value: Floats, weight: Floats, share: float) -> float:
    """The smallest value that holds `share` of the mass, one unseen unit at infinity included.

    Where the share can't be reached with so few units, the largest.
    """
    order = np.argsort(value, kind="stable")
    mass = np.cumsum(weight[order], dtype=np.float64)
    place = int(np.searchsorted(mass, share * (mass[-1] + 1)))
    return float(value[order[min(place, len(order) - 1)]])
