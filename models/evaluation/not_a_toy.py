"""What is asked of a simulated fleet before a figure measured on it means anything.

A simulator whose failures one residual explains is a toy: any model does well on it. So is one that
holds nothing that can't be known, or whose outcomes can be read off names, dates or leaks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf

import numpy as np

from models.evaluation.figures import FleetFigures, ModeFigures
from models.evaluation.toy import ToyFigures


@dataclass(frozen=True)
class Check:
    """`found` must lie within `low` to `high`. Where it is a mean of modes, `held` of `modes` do
    so each by itself; few failures of a mode leave much of that to chance.
    """

    name: str
    found: float
    low: float = -inf
    high: float = inf
    held: int = 0
    modes: int = 0

    @property
    def holds(self) -> bool:
        """Whether it is as asked; what could not be measured isn't."""
        return self.low <= self.found <= self.high

    @property
    def asked(self) -> str:
        """The limits in words."""
        if self.low == -inf:
            return f"at most {self.high:g}"
        return f"at least {self.low:g}" if self.high == inf else f"{self.low:g} to {self.high:g}"

    @property
    def by_mode(self) -> str:
        """How many modes hold it, in words."""
        return f"{self.held} of {self.modes}" if self.modes else ""


def checks(figures: FleetFigures, toy: ToyFigures) -> list[Check]:
    """Everything that is asked, 30 days ahead, of the fresh fleet."""
    every = figures.modes
    learnt = {name: one for name, one in every.items() if figures.methods[name] == "trees"}
    return [
        _of_modes("oracle's AUC", _each(every, lambda one: one.oracle_auc), 0.88, 0.95),
        _of_modes(
            "AUC behind the oracle's",
            _each(learnt, lambda one: one.oracle_auc - one.auc),
            high=0.03,
        ),
        _of_modes(
            "AP over the best feature's",
            _each(learnt, lambda one: one.average_precision / one.best_single_feature_ap),
            low=1.3,
        ),
        Check("failures that are shocks", toy.shock_share, 0.1, 0.3),
        Check("spread of breaking severity", toy.threshold_spread, 0.1),
        _of_modes("AUC, outcomes shuffled", toy.shuffled_auc, 0.45, 0.55),
        Check("risk moved by names, dates", toy.disguise.change, high=0.001),
    ]


def _each(
    modes: Mapping[str, ModeFigures], figure: Callable[[ModeFigures], float]
) -> dict[str, float]:
    return {name: figure(one) for name, one in modes.items()}


def _of_modes(name: str, found: Mapping[str, float], low: float = -inf, high: float = inf) -> Check:
    known = np.array([one for one in found.values() if np.isfinite(one)])
    held = int(((known >= low) & (known <= high)).sum())
    mean = float(known.mean()) if known.size else float("nan")
    return Check(name, mean, low, high, held, known.size)
