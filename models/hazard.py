"""Discrete-time hazard of one failure mode by one margin per row (docs/decisions/0001).

s(x) is the sum of the trees' leaves; models/calibration.py makes it the hazard of each bin. Risk
within a horizon is 1 - prod(1 - hazard), so it never falls with the horizon. Slopes are never
negative, so it never falls with the margin either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xgboost as xgb

from contracts.batches import Doubles, Flags, Floats
from models.calibration import Calibration
from models.forest import Score, score_of
from models.labels import survived_bins
from models.view import View


@dataclass(frozen=True, eq=False)
class HazardModel:
    """`ends_days` [bins] where each bin ends; `booster` None where the mode had too few failures to
    learn from: then all rows have margin 0. `view` where the trees see rows from the mode
    (models/pooled.py), not as they are.

    `own` are columns of the mode's own signals and fault codes. A row that knows nothing of them
    has margin 0, the rate of the whole fleet: trees that have never seen a signal missing would
    make evidence out of its absence.
    """

    mode: str
    ends_days: tuple[float, ...]
    calibration: Calibration
    booster: Any = None
    view: View | None = None
    own: tuple[int, ...] = ()

    def margin(self, values: Floats) -> Floats:
        """s(x) [n] of feature rows [n x features], C order, NaN = unknown."""
        if self.booster is None or not len(values):
            return np.zeros(len(values), np.float32)
        seen = values if self.view is None else self.view.values(values)
        return np.where(self._blind(values), np.float32(0), self._score(seen))

    def risk(self, margin: Floats, days: Sequence[float]) -> Floats:
        """Probability [n x horizons] that the mode fails within so many days."""
        total = self.calibration.hazard(margin) @ coverage(self.ends_days, days)
        return np.asarray(-np.expm1(-total), np.float32)

    def shares(self, values: Floats) -> Floats:
        """What each feature adds [n x (features + 1)] to the margin; the last column is what every
        row has. Exact TreeSHAP (Lundberg et al. 2020). About 400 rows/s.
        """
        found = np.zeros((len(values), values.shape[1] + 1), np.float32)
        if self.booster is None or not len(values):
            return found
        seen = values if self.view is None else self.view.values(values)
        told = self.booster.predict(xgb.DMatrix(seen), pred_contribs=True)
        found[:, -1] = told[:, -1]
        own = told[:, :-1]
        found[:, :-1] = own if self.view is None else self.view.spread(own, values)
        found[self._blind(values)] = 0
        return found

    @cached_property
    def _score(self) -> Score:
        return score_of(self.booster)

    def _blind(self, values: Floats) -> Flags:
        """Rows [n] that know nothing of the mode: its signals unknown, its codes never set."""
        if not self.own:
            return np.zeros(len(values), np.bool_)
        return np.asarray((np.nan_to_num(values[:, self.own]) == 0).all(axis=1))


def coverage(ends_days: Sequence[float], days: Sequence[float]) -> Doubles:
    """How much of each bin lies within each horizon [bins x horizons].

    A horizon beyond the last bin goes on at the last bin's rate.
    """
    ends = np.array(ends_days, np.float64)
    starts = np.concatenate([[0.0], ends[:-1]])
    wanted = np.array(days, np.float64)
    part = (wanted[None] - starts[:, None]) / (ends - starts)[:, None]
    part[:-1] = np.minimum(part[:-1], 1.0)
    return np.asarray(np.maximum(part, 0.0))


def pooled_log_odds(labels: Floats, bins: int, weight: Floats | None = None) -> Doubles:
    """Log-odds [bins] of the hazard of all rows together, held above one failure in a million."""
    at_risk, failed = survived_bins(labels, bins)
    if weight is not None:
        at_risk, failed = at_risk * weight[:, None], failed & (weight[:, None] > 0)
    share = (failed.sum(0, dtype=np.float64) + 1e-6) / (at_risk.sum(0, dtype=np.float64) + 1.0)
    share = np.clip(share, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(share / (1 - share)), np.float64)


@dataclass(frozen=True)
class Likelihood:
    """The log-likelihood of labels given margins, all bins of a row at once.

    The same as training on one row per bin at risk with the bin's log-odds as base margin, without
    making these rows.
    """

    base: tuple[float, ...]

    def __call__(self, margin: Floats, matrix: Any) -> tuple[Floats, Floats]:  # noqa: ANN401
        """Gradient and second derivative [n], as XGBoost asks; rows count by their weight."""
        label, weight = matrix.get_label(), matrix.get_weight()
        return self.derivatives(np.ravel(margin), label, weight)

    def derivatives(self, margin: Floats, label: Floats, weight: Floats) -> tuple[Floats, Floats]:
        """See `__call__`."""
        gradient = np.zeros(len(margin), np.float32)
        second = np.zeros(len(margin), np.float32)
        survived = np.where(label < 0, -label, label)
        for place, base in enumerate(self.base):
            at_risk = np.clip(survived - np.float32(place), 0, 1)
            chance = 1 / (1 + np.exp(-(margin + np.float32(base))))
            gradient += at_risk * chance - (label == -(place + 1))
            second += at_risk * chance * (1 - chance)
        if weight.size:
            gradient, second = gradient * weight, second * weight
        return gradient, np.maximum(second, 1e-16 if not weight.size else 0)

    def loss(self, margin: Floats, label: Floats) -> float:
        """Mean negative log-likelihood a row."""
        total = np.zeros(len(margin))
        survived = np.where(label < 0, -label, label)
        for place, base in enumerate(self.base):
            at_risk = np.clip(survived - place, 0, 1)
            wide = margin.astype(np.float64) + base
            total += at_risk * np.logaddexp(0, wide) - (label == -(place + 1)) * wide
        return float(total.mean()) if len(total) else 0.0


def booster_of(payload: bytes) -> Any:  # noqa: ANN401 (xgboost has no types)
    """A booster from its UBJ bytes."""
    booster = xgb.Booster({"nthread": 1})
    booster.load_model(bytearray(payload))
    return booster
