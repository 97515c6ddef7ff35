"""From a margin to the hazard of each bin, honestly: a bent Platt's line over a floor.

Failures come from wear, which trees see in a row, and from blows, which nothing announces. The
latter have one hazard in each bin whatever the row says (`sudden`); that of wear is
sigmoid(intercept + slope x t), with t the margin bent in straight pieces, always rising, so that
risk never falls with the margin (docs/decisions/0008). Fitted in models/calibrate.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log

import numpy as np

from contracts.batches import Doubles, Floats


@dataclass(frozen=True)
class Calibration:
    """`intercept`, `slope` [bins]; `knots` margins where the line bends, rising; `bends`
    [knots + 1] its slope before, between and after them; both empty for a straight one. `sudden`
    [bins]: cumulative hazard of failing unannounced; empty where there is none.
    """

    intercept: tuple[float, ...]
    slope: tuple[float, ...]
    knots: tuple[float, ...] = ()
    bends: tuple[float, ...] = ()
    sudden: tuple[float, ...] = ()

    def times(self, factor: float) -> "Calibration":
        """For a mode that fails about so many times as often and shows alike."""
        return replace(
            self,
            intercept=tuple(one + log(factor) for one in self.intercept),
            sudden=tuple(one * factor for one in self.sudden),
        )

    def bent(self, margin: Floats) -> Doubles:
        """T [n] of margins [n]; 0 at the first knot."""
        wide = np.asarray(margin, np.float64)
        return pieces(wide, self.knots) @ np.array(self.bends) if self.knots else wide

    def hazard(self, margin: Floats) -> Doubles:
        """Cumulative hazard [n x bins] of each bin: -log(1 - the chance of failing in it)."""
        wear = np.log1p(np.exp(self.log_odds(margin)))
        return wear + np.array(self.sudden) if self.sudden else wear

    def log_odds(self, margin: Floats) -> Doubles:
        """Log-odds [n x bins] of failing from wear in each bin."""
        wide = np.outer(self.bent(margin), self.slope)
        return np.asarray(np.minimum(wide + np.array(self.intercept), 30.0))


def pieces(margin: Doubles, knots: Sequence[float]) -> Doubles:
    """How much of the way from the first knot to each margin lies before, between and after the
    knots [n x (knots + 1)]; what lies before the first is negative.
    """
    edges = np.array([-np.inf, *knots, np.inf])
    starts = np.array([knots[0], *knots])
    held = np.clip(margin[:, None], edges[:-1], edges[1:])
    return np.asarray(held - starts)
