"""Fits a calibration on rows of vehicles that the trees had not seen.

Margins that a straight line calibrates leave middling rows with twice their risk and low ones with
half of it: trees tell a failing part from a sound one, and between the two lies a step, while blows
come to all alike. So the line bends at some quantiles of the margins, and in each bin a hazard that
no row announces is fitted beside it. Everything is drawn towards Platt's line of slope one (priors
below). A floor in each bin and not one rate for all: where every failure has its fault codes a day
before, none of the first day's is unannounced, and nearly all of the later ones' are.
"""

from dataclasses import dataclass
from functools import cached_property
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
_SLOPE_SD: Final = 0.5
"""How far a bin's slope may stray from one (prior standard deviation)."""
_BEND_SD: Final = 1.0
"""How far a piece's slope may stray from one, and from its neighbour's, in logarithms."""
_SUDDEN: Final = 0.1
"""The share of failures that nothing announces, where a mode has failed too seldom to tell."""
_SUDDEN_SD: Final = 1.0
"""How far it may stray from that, in logarithms."""
_LEAST: Final = 0.05
_STEPS: Final = 500


def calibrate(margin: Floats, label: Floats, bins: int, weight: float = 1.0) -> Calibration:
    """Fit on margins [n] of rows that the trees have not seen.

    `weight` is what a row counts against the priors: neighbouring rows of a vehicle tell the same
    failure again and again, so it is below one.
    """
    wide = margin.astype(np.float64)
    counts = _count(wide, label, bins, weight)
    knots = np.unique(np.quantile(wide, QUANTILES))
    posterior = _Posterior(counts, pieces(counts.margin, knots.tolist()))
    found = minimize(
        posterior,
        posterior.start(),
        jac=True,
        method="L-BFGS-B",
        bounds=posterior.bounds(),
        options={"maxiter": _STEPS, "maxfun": 2 * _STEPS},
    ).x
    intercept, slope, bend, sudden = posterior.parts(found)
    return Calibration(
        tuple(intercept.tolist()),
        tuple(slope.tolist()),
        tuple(knots.tolist()),
        tuple(np.exp(bend).tolist()),
        tuple(np.exp(sudden).tolist()),
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
    the pieces' slopes and of the sudden hazards, in this order; `way` [groups x pieces] is how far
    each group's margin goes within each piece.

    With the cumulative hazard h = sudden + log(1 + exp(intercept + slope x t)) of a bin, a failure
    has the likelihood 1 - exp(-h) and a survival exp(-h).
    """

    counts: _Counts
    way: Doubles

    def parts(self, found: Doubles) -> list[Doubles]:
        """Intercepts, slopes, pieces' slopes and sudden hazards, the last two in logarithms."""
        bins, bends = self.counts.failed.shape[1], self.way.shape[1]
        return np.split(found, [bins, 2 * bins, 2 * bins + bends])

    def start(self) -> Doubles:
        """Platt's line of slope one at the fleet's rates."""
        odds, straight = np.log(self._share / (1 - self._share)), np.zeros(self.way.shape[1])
        return np.concatenate([odds, np.ones(len(odds)), straight, self._usual])

    def bounds(self) -> list[tuple[float, float]]:
        """Slopes stay above zero; sudden hazards stay below those of all failures."""
        bins, most = len(self._share), np.log(self._share)
        sudden = zip((most + np.log(1e-4)).tolist(), (most + np.log(0.98)).tolist(), strict=True)
        bends = [(np.log(_LEAST), -np.log(_LEAST))] * self.way.shape[1]
        return [(-20.0, 5.0)] * bins + [(_LEAST, 1 / _LEAST)] * bins + bends + list(sudden)

    def __call__(self, found: Doubles) -> tuple[float, Doubles]:
        intercept, slope, bend, sudden = self.parts(found)
        way, blows = self.way * np.exp(bend), np.exp(sudden)
        bent = way.sum(axis=1)
        odds = np.outer(bent, slope) + intercept
        hazard = blows + np.logaddexp(0, odds)
        chance = np.maximum(-np.expm1(-hazard), 1e-12)
        at_risk, failed = self.counts.at_risk, self.counts.failed
        loss = ((at_risk - failed) * hazard - failed * np.log(chance)).sum()
        by_hazard = at_risk - failed / chance
        by_odds = by_hazard * expit(odds)
        gradient = (
            by_odds.sum(axis=0),
            bent @ by_odds,
            way.T @ (by_odds @ slope),
            by_hazard.sum(axis=0) * blows,
        )
        # Each is drawn towards its middle, and a piece towards its neighbour.
        aside, own = (slope - 1) / _SLOPE_SD, bend / _BEND_SD
        blow, step = (sudden - self._usual) / _SUDDEN_SD, np.diff(bend) / _BEND_SD
        pull = (
            np.zeros(len(intercept)),
            aside / _SLOPE_SD,
            (own - np.diff(step, prepend=0.0, append=0.0)) / _BEND_SD,
            blow / _SUDDEN_SD,
        )
        prior = sum(float(one @ one) for one in (aside, own, blow, step)) / 2
        return float(loss) + prior, np.concatenate(gradient) + np.concatenate(pull)

    @cached_property
    def _share(self) -> Doubles:
        """The share of rows at risk that failed [bins]."""
        at_risk, failed = self.counts.at_risk.sum(axis=0), self.counts.failed.sum(axis=0)
        return np.asarray(np.clip((failed + 0.01) / (at_risk + 1.0), 1e-6, 1 - 1e-6))

    @cached_property
    def _usual(self) -> Doubles:
        return np.asarray(np.log(_SUDDEN * self._share))
