"""Which of two models is better, and whether that is more than chance: paired, by vehicle.

Both have scored the same vehicles at the same times, and what became of them is known. Rows of a
vehicle tell the same story again and again, so whole vehicles are drawn (Efron's bootstrap, by
cluster), and the difference is taken within each draw.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from contracts.batches import Doubles, Flags, Floats, Ints
from contracts.errors import DataError

DRAWS: Final = 2_000
_EDGE: Final = 1e-6
_TOGETHER: Final = 40
"""Draws that are worked on at a time, for the sake of memory."""


@dataclass(frozen=True, eq=False)
class Judged:
    """Rows of one mode whose outcome is known: `vehicle` [n] number, `came` [n] 0 or 1, `first` and
    `second` [n] the risk that either model gave; `time_ms` [n] where it matters.
    """

    mode: str
    vehicle: Ints
    came: Floats
    first: Floats
    second: Floats
    time_ms: Ints | None = None


@dataclass(frozen=True)
class Difference:
    """One figure of both models. `low` to `high` holds 95 % of the draws of second - first;
    `chance` is how likely a difference as large is by chance (two-sided).
    """

    figure: str
    first: float
    second: float
    low: float
    high: float
    chance: float


@dataclass(frozen=True)
class Comparison:
    """`log_loss`: less is better; `average_precision`: more is better; means over the modes."""

    rows: int
    vehicles: int
    failures: int
    log_loss: Difference
    average_precision: Difference

    @property
    def verdict(self) -> str:
        """`"second"`, `"first"` or `"no difference"`: by log loss, which counts every row."""
        if self.log_loss.low <= 0 <= self.log_loss.high:
            return "no difference"
        return "second" if self.log_loss.second < self.log_loss.first else "first"


def compare(judged: Sequence[Judged], seed: int = 1, draws: int = DRAWS) -> Comparison:
    """Compare on all modes together. Raises DataError where nothing has failed, or too little."""
    kept = [one for one in judged if (one.came == 1).any() and (one.came == 0).any()]
    if not kept:
        raise DataError(
            "no row that both models scored has an outcome yet, or nothing failed; wait until 30 "
            "days have passed"
        )
    count = 1 + max(int(one.vehicle.max()) for one in kept)
    seen = np.unique(np.concatenate([one.vehicle for one in kept]))
    rng = np.random.default_rng(seed)
    weights = np.zeros((draws, count))
    for row in weights:
        row[:] = np.bincount(rng.choice(seen, len(seen)), minlength=count)
    return Comparison(
        sum(len(one.came) for one in kept),
        len(seen),
        int(sum(len(np.unique(one.vehicle[one.came == 1])) for one in kept)),
        _log_loss(kept, count, weights),
        _average_precision(kept, weights),
    )


def _log_loss(judged: Sequence[Judged], count: int, weights: Doubles) -> Difference:
    totals = np.zeros((2, count))
    rows = np.zeros(count)
    for one in judged:
        rows += np.bincount(one.vehicle, minlength=count)
        for place, risk in enumerate((one.first, one.second)):
            chance = np.clip(risk.astype(np.float64), _EDGE, 1 - _EDGE)
            loss = -np.where(one.came == 1, np.log(chance), np.log1p(-chance))
            totals[place] += np.bincount(one.vehicle, loss, minlength=count)
    values = totals.sum(1) / rows.sum()
    drawn = (weights @ (totals[1] - totals[0])) / np.maximum(weights @ rows, 1)
    return _difference("log loss", float(values[0]), float(values[1]), drawn)


def _average_precision(judged: Sequence[Judged], weights: Doubles) -> Difference:
    some = weights[: min(len(weights), 400)]
    drawn = np.zeros((2, len(some)))
    values = np.zeros(2)
    for one in judged:
        for place, risk in enumerate((one.first, one.second)):
            order = np.argsort(-risk, kind="stable")
            came, vehicle = one.came[order] == 1, one.vehicle[order]
            values[place] += _precision(came, np.ones((1, len(came))))[0] / len(judged)
            for start in range(0, len(some), _TOGETHER):
                part = slice(start, start + _TOGETHER)
                drawn[place, part] += _precision(came, some[part][:, vehicle]) / len(judged)
    first, second = values.tolist()
    return _difference("average precision", first, second, drawn[1] - drawn[0])


def _precision(came: Flags, weight: Doubles) -> Doubles:
    """Average precision [draws] of rows in order of risk, each counted `weight` [draws x n]."""
    hits = weight * came
    share = np.cumsum(hits, axis=1) / np.maximum(np.cumsum(weight, axis=1), 1e-12)
    return np.asarray((share * hits).sum(1) / np.maximum(hits.sum(1), 1e-12))


def _difference(figure: str, first: float, second: float, drawn: Doubles) -> Difference:
    low, high = np.quantile(drawn, (0.025, 0.975)).tolist()
    below = float((drawn <= 0).mean())
    above = float((drawn >= 0).mean())
    return Difference(figure, first, second, low, high, min(1.0, 2 * min(below, above)))
