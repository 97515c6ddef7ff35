"""What tells a simulated fleet with something to learn from a toy, beyond figures by mode."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from ingest.simulator.fleet import Failure, Fleet
from models.evaluation.disguise import Disguise


class ToyFigures(msgspec.Struct, frozen=True):
    """Of all `failures` of the fresh fleet, `shock_share` came without a sign. `threshold_spread`:
    standard deviation, between parts that wore out, of the logarithm of the severity at which each
    broke, which nobody sees. `shuffled_auc` by mode: of trees grown and judged on outcomes
    dealt out by chance. `disguise`: the same vehicles under other names and times.
    """

    failures: int
    shock_share: float
    threshold_spread: float
    shuffled_auc: dict[str, float]
    disguise: Disguise


def shock_share(truth: Sequence[Failure]) -> float:
    """The share of failures that came without a sign; NaN of none."""
    return sum(not one.predictable for one in truth) / len(truth) if truth else float("nan")


def toy_figures(fleet: Fleet, shuffled_auc: Mapping[str, float], disguised: Disguise) -> ToyFigures:
    """The figures of a fresh fleet. Shares and spreads are NaN where nothing failed."""
    truth = fleet.truth()
    worn = [one.threshold for one in truth if one.predictable]
    return ToyFigures(
        failures=len(truth),
        shock_share=shock_share(truth),
        threshold_spread=float(np.std(np.log(worn))) if worn else float("nan"),
        shuffled_auc=dict(shuffled_auc),
        disguise=disguised,
    )
