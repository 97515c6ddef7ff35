"""Growing the trees of one mode on one split: here, or on a cluster (models/dask_fit.py).

One matrix of features serves all modes and splits; labels and weights are swapped. A row that is
held out has weight 0: its features are binned with the others', its label is only looked at to
tell when to stop.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import xgboost as xgb

from contracts.batches import Flags, Floats, Ints
from models.hazard import Likelihood
from models.table import Table

MAX_BIN: Final = 64


@dataclass(frozen=True)
class Trees:
    """How trees are grown. `patience` rounds without gain on held-out vehicles end it.

    `foreign` is how much less often a feature of no signal, part or fault code of the mode's own is
    offered to a tree. `jobs` modes are fitted side by side with one thread each; the result
    doesn't depend on it.
    """

    max_depth: int = 4
    eta: float = 0.04
    subsample: float = 0.5
    colsample_bytree: float = 0.15
    foreign: float = 0.1
    min_child_weight: float = 5.0
    reg_lambda: float = 10.0
    rounds: int = 600
    patience: int = 20
    seed: int = 1
    jobs: int = 2
    device: str = "cpu"

    def parameters(self) -> dict[str, Any]:
        """As XGBoost names them. Leaves are log-odds; nothing is added to them."""
        return {
            "max_depth": self.max_depth,
            "eta": self.eta,
            "subsample": self.subsample,
            "colsample_bytree": self.colsample_bytree,
            "min_child_weight": self.min_child_weight,
            "lambda": self.reg_lambda,
            "max_bin": MAX_BIN,
            "seed": self.seed,
            "nthread": 1,
            "device": self.device,
            "tree_method": "hist",
            "base_score": 0.0,
            "disable_default_eval_metric": 1,
        }


@dataclass(frozen=True, eq=False)
class Split:
    """What trees are grown on: `label` and `known` [rows to learn from], `weights` [features] how
    often each feature is offered. Rows that are not known are held out.
    """

    label: Floats
    known: Flags
    weights: Floats
    likelihood: Likelihood

    @property
    def held_out(self) -> int:
        """How many rows are held out."""
        return int((~self.known).sum())


@dataclass(frozen=True)
class HeldOutLoss:
    """The mean loss of the `count` rows of weight 0, as a metric of XGBoost's.

    On a cluster every worker sees its own rows and XGBoost takes the mean over the workers.
    """

    likelihood: Likelihood
    count: int

    def __call__(self, margin: Floats, matrix: Any) -> tuple[str, float]:  # noqa: ANN401
        """Name and value."""
        out = matrix.get_weight() == 0
        own = int(out.sum())
        loss = self.likelihood.loss(np.ravel(margin)[out], matrix.get_label()[out])
        return "loss", loss * own * xgb.collective.get_world_size() / self.count


class Grower(Protocol):
    """Grows trees on the rows of one table."""

    def grow(self, trees: Trees, split: Split, rounds: int) -> tuple[Any, list[float]]:
        """A booster, and the loss on the held-out rows after each round ([] without any)."""
        ...


class _Feed(xgb.DataIter):  # type: ignore[misc]  # xgboost has no types
    """A table's rows to learn from, a part at a time."""

    def __init__(self, table: Table, learn: Flags) -> None:
        self._parts, self._learn = table.chunks, learn
        self._left: Iterator[tuple[Ints, Floats]] = iter(())
        super().__init__()

    def reset(self) -> None:
        """Begin anew."""
        self._left = self._parts()

    def next(self, input_data: Callable[..., None]) -> bool:
        """Hand over the next part; False when there is none."""
        for rows, values in self._left:
            kept = self._learn[rows]
            if kept.any():
                input_data(data=values[kept])
                return True
        return False


class LocalGrower:
    """Grows in this process, from a matrix that was filled part by part."""

    def __init__(self, table: Table, learn: Flags) -> None:
        self.matrix = xgb.QuantileDMatrix(_Feed(table, learn), max_bin=MAX_BIN, nthread=1)

    def grow(self, trees: Trees, split: Split, rounds: int) -> tuple[Any, list[float]]:
        """See Grower."""
        self.matrix.set_info(feature_weights=split.weights)
        self.matrix.set_label(split.label)
        self.matrix.set_weight(split.known.astype(np.float32))
        told: dict[str, dict[str, list[float]]] = {}
        booster = xgb.train(
            trees.parameters(),
            self.matrix,
            rounds,
            obj=split.likelihood,
            evals_result=told,
            verbose_eval=False,
            **stopping(trees, split, self.matrix),
        )
        return booster, told.get("held_out", {}).get("loss", [])


def stopping(trees: Trees, split: Split, matrix: Any) -> dict[str, Any]:  # noqa: ANN401
    """Arguments of XGBoost's that end the training by the held-out rows, if there are any."""
    if not split.held_out:
        return {}
    return {
        "custom_metric": HeldOutLoss(split.likelihood, split.held_out),
        "evals": [(matrix, "held_out")],
        "early_stopping_rounds": trees.patience,
    }
