"""Fits a calibration on rows of vehicles that the trees had not seen.

Margins that a straight line calibrates leave middling rows with twice their risk and low ones with
half of it: trees tell a failing part from a sound one, and between the two lies a step, while blows
come to all alike. So the line bends at some quantiles of the margins, and a rate that no row
announces is fitted beside it. Everything is drawn towards Platt's line of slope one (priors below).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from contracts.batches import Doubles, Floats
from models.calibration import Calibration, pieces
from models.labels import survived_bins

QUANTILES: Final = (0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)
"""Of the margins, where the line may bend: failing parts are few."""
_GROUPS: Final = 400
"""Rows of about the same margin are counted together."""
_SLOPE_SD: Final = 0.15
"""How far a bin's slope may stray from one (prior standard deviation)."""
_BEND_SD: Final = 1.0
"""How far a piece's slope may stray from one, and from its neighbour's, in logarithms."""
_SUDDEN: Final = 0.1
"""The share of failures that nothing announces, where a mode has failed too seldom to tell."""
_SUDDEN_SD: Final = 0.5
"""How far it may stray from that, in logarithms."""
_LEAST: Final = 0.05
_STEPS: Final = 500


def calibrate(
    margin: Floats, label: Floats, ends_days: tuple[float, ...], weight: float = 1.0
) -> Calibration:
    """Fit on margins [n] of rows that the trees have not seen; `ends_days` where each bin ends.

    `weight` is what a row counts against the priors: neighbouring rows of a vehicle tell the same
    failure again and again, so it is below one.
    """
    counts = _count(margin.astype(np.float64), label, len(ends_days), weight)
    knots = np.unique(np.quantile(margin.astype(np.float64), QUANTILES))
    widths = np.diff(np.array([0.0, *ends_days]))
    likelihood = _Posterior(counts, pieces(counts.margin, knots.tolist()), widths)
    found = minimize(
        likelihood,
        likelihood.start(),
        jac=True,
        method="L-BFGS-B",
        bounds=likelihood.bounds(),
        options={"maxiter": _STEPS, "maxfun": 2 * _STEPS},
    ).x
    intercept, slope, bend, sudden = likelihood.parts(found)
    return Calibration(
        tuple(intercept.tolist()),
        tuple(slope.tolist()),
        tuple(knots.tolist()),
        tuple(np.exp(bend).tolist()),
        float(np.exp(sudden)),
    )


@dataclass(frozen=True, eq=False)
class _Counts:
    """Groups of rows by mean `margin` [groups]: rows at risk and failures [groups x bins]."""

    margin: Doubles
    at_risk: Doubles
    failed: Doubles


def _count(margin: Doubles, label: Floats, bins: int, weight: float) -> _Counts:
    at_risk, failed = survived_bins(label, bins)
    edges = np.unique(np.quantile(margin, np.linspace(0, 1, _GROUPS + 1)[1:-1]))
    group = np.searchsorted(edges, margin)
    size = np.bincount(group, minlength=len(edges) + 1)
    kept = size > 0
    mean = np.bincount(group, margin, len(size))[kept] / size[kept]

    def summed(values: Floats) -> Doubles:
        columns = [np.bincount(group, values[:, one], len(size)) for one in range(bins)]
        return np.asarray(weight * np.stack(columns, axis=1)[kept])

    return _Counts(mean, summed(at_risk), summed(failed.astype(np.float32)))


@dataclass(frozen=True, eq=False)
class _Posterior:
    """Minus the log of the posterior, and its gradient, of intercepts, slopes, the logarithms of
    the pieces' slopes and of the sudden rate, in this order.

    With the cumulative hazard h = sudden x width + log(1 + exp(intercept + slope x t)) of a bin, a
    failure has the likelihood 1 - exp(-h) and a survival exp(-h).
    """

    counts: _Counts
    way: Doubles
    widths: Doubles

    def parts(self, found: Doubles) -> tuple[Doubles, Doubles, Doubles, float]:
        """Intercepts, slopes, pieces' slopes and the sudden rate, the last two in logarithms."""
        bins = len(self.widths)
        return found[:bins], found[bins : 2 * bins], found[2 * bins : -1], float(found[-1])

    def start(self) -> Doubles:
        """Platt's line of slope one at the fleet's rates."""
        failed, at_risk = self.counts.failed.sum(0), self.counts.at_risk.sum(0)
        share = np.clip((failed + 0.01) / (at_risk + 1.0), 1e-6, 1 - 1e-6)
        odds = np.log(share / (1 - share))
        straight = np.zeros(self.way.shape[1])
        return np.concatenate([odds, np.ones(len(odds)), straight, [self._usual()]])

    def bounds(self) -> list[tuple[float, float]]:
        """Slopes stay above zero; the sudden rate stays below that of all failures."""
        bins, most = len(self.widths), np.log(self._rate())
        sudden = (most + np.log(1e-4), most + np.log(0.98))
        bends = [(np.log(_LEAST), -np.log(_LEAST))] * self.way.shape[1]
        return [(-20.0, 5.0)] * bins + [(_LEAST, 3.0)] * bins + bends + [sudden]

    def __call__(self, found: Doubles) -> tuple[float, Doubles]:
        intercept, slope, bend, sudden = self.parts(found)
        way, rate = self.way * np.exp(bend), np.exp(sudden)
        bent = way.sum(axis=1)
        odds = np.outer(bent, slope) + intercept
        hazard = rate * self.widths + np.logaddexp(0, odds)
        chance = np.maximum(-np.expm1(-hazard), 1e-12)
        survived = self.counts.at_risk - self.counts.failed
        loss = (survived * hazard - self.counts.failed * np.log(chance)).sum()
        by_hazard = self.counts.at_risk - self.counts.failed / chance
        by_odds = by_hazard * expit(odds)
        gradient = np.concatenate(
            [
                by_odds.sum(axis=0),
                bent @ by_odds,
                way.T @ (by_odds @ slope),
                [rate * (by_hazard @ self.widths).sum()],
            ]
        )
        prior, pull = self._prior(slope, bend, sudden)
        gradient[len(self.widths) :] += pull
        return float(loss + prior), gradient

    def _prior(self, slope: Doubles, bend: Doubles, sudden: float) -> tuple[float, Doubles]:
        """Minus its log, and the gradient by all but the intercepts."""
        aside, step = (slope - 1) / _SLOPE_SD, np.diff(bend) / _BEND_SD
        own, blow = bend / _BEND_SD, (sudden - self._usual()) / _SUDDEN_SD
        total = float(aside @ aside + step @ step + own @ own + blow * blow) / 2
        between = np.diff(np.concatenate([[0.0], step, [0.0]]))
        by_bend = (own - between) / _BEND_SD
        return total, np.concatenate([aside / _SLOPE_SD, by_bend, [blow / _SUDDEN_SD]])

    def _rate(self) -> float:
        """Failures a day at risk."""
        failed = self.counts.failed.sum() + 1e-6
        return float(failed / ((self.counts.at_risk * self.widths).sum() + 1e-3))

    def _usual(self) -> float:
        return float(np.log(_SUDDEN * self._rate()))
