"""Trees of one failure mode: rounds chosen on held-out vehicles, then fitted on all.

One matrix of features serves all modes and folds; labels and weights are swapped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import xgboost as xgb

from contracts.batches import Floats, Ints
from models.hazard import Likelihood, booster_of, pooled_log_odds

MAX_BIN: Final = 64


@dataclass(frozen=True)
class Trees:
    """How trees are grown. `patience` rounds without gain on held-out vehicles end it."""

    max_depth: int = 4
    eta: float = 0.08
    subsample: float = 0.7
    colsample_bytree: float = 0.3
    min_child_weight: float = 5.0
    reg_lambda: float = 5.0
    rounds: int = 300
    patience: int = 20
    seed: int = 1
    threads: int = 1
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
            "nthread": self.threads,
            "device": self.device,
            "tree_method": "hist",
            "base_score": 0.0,
            "disable_default_eval_metric": 1,
        }


@dataclass(frozen=True, eq=False)
class Fitted:
    """`margin` [rows] of each row by trees that have not seen its vehicle; `rounds` by fold."""

    booster: Any
    margin: Floats
    rounds: tuple[int, ...]
    loss: float
    curves: Mapping[int, list[float]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Learner:
    """`values` [rows x features] of all rows, `fold` [rows], `learn` [rows] places of the rows
    that trees are grown on: neighbouring rows of a vehicle tell the same, a thinned part suffices.
    """

    values: Floats
    fold: Ints
    learn: Ints
    bins: int
    trees: Trees
    matrix: Any

    @classmethod
    def of(cls, values: Floats, fold: Ints, learn: Ints, bins: int, trees: Trees) -> "Learner":
        """With a matrix made of the rows to learn from."""
        matrix = xgb.QuantileDMatrix(values[learn], max_bin=MAX_BIN, nthread=trees.threads)
        return cls(values, fold, learn, bins, trees, matrix)

    def fit(self, label: Floats) -> Fitted:
        """Trees for these labels [rows] (models/labels.py)."""
        margin = np.zeros(len(label), np.float32)
        rounds, curves = [], {}
        for fold in range(int(self.fold.max()) + 1):
            known = self.fold[self.learn] != fold
            booster, curves[fold] = self._grow(label, known, self.trees.rounds)
            rounds.append(int(np.argmin(curves[fold])) + 1)
            out = self.fold == fold
            grown = booster[: rounds[-1]]
            margin[out] = grown.inplace_predict(self.values[out], predict_type="margin")
        everything = np.ones(len(self.learn), np.bool_)
        final, _ = self._grow(label, everything, max(1, round(float(np.mean(rounds)))))
        likelihood = Likelihood(tuple(pooled_log_odds(label, self.bins)))
        loss = likelihood.loss(margin, label)
        return Fitted(booster_of(bytes(final.save_raw("ubj"))), margin, tuple(rounds), loss, curves)

    def _grow(
        self, label: Floats, known: "np.typing.NDArray[np.bool_]", rounds: int
    ) -> tuple[Any, list[float]]:
        """Trees grown on the known rows, and the loss on the others after each round."""
        own = label[self.learn]
        likelihood = Likelihood(tuple(pooled_log_odds(own[known], self.bins)))
        self.matrix.set_label(own)
        self.matrix.set_weight(known.astype(np.float32))
        out = np.flatnonzero(~known)
        curve: list[float] = []

        def metric(margin: Floats, _: Any) -> tuple[str, float]:  # noqa: ANN401
            curve.append(likelihood.loss(np.ravel(margin)[out], own[out]))
            return "loss", curve[-1]

        booster = xgb.train(
            self.trees.parameters(),
            self.matrix,
            rounds,
            obj=likelihood,
            custom_metric=metric if len(out) else None,
            evals=[(self.matrix, "held_out")] if len(out) else [],
            early_stopping_rounds=self.trees.patience if len(out) else None,
            verbose_eval=False,
        )
        return booster, curve
