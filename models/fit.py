"""Trees of failure modes: rounds chosen on held-out vehicles, then fitted on all.

One matrix of features serves all modes and folds; labels and weights are swapped. A row that is
held out has weight 0: its features are binned with the others', its label is not used.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xgboost as xgb

from contracts.batches import Floats, Ints
from features.profile import Mode
from features.vector import feature_specs
from models.hazard import Likelihood, booster_of, pooled_log_odds
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
    eta: float = 0.08
    subsample: float = 0.5
    colsample_bytree: float = 0.15
    foreign: float = 0.1
    min_child_weight: float = 5.0
    reg_lambda: float = 10.0
    rounds: int = 300
    patience: int = 12
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
class Fitted:
    """`margin` [rows] of each row by trees that have not seen its vehicle; `rounds` and `curves`
    (loss on the held-out vehicles after each round) by fold.
    """

    booster: Any
    margin: Floats
    rounds: tuple[int, ...]
    loss: float
    curves: Mapping[int, list[float]] = field(default_factory=dict)


class _Feed(xgb.DataIter):  # type: ignore[misc]  # xgboost has no types
    """A table's rows to learn from, a part at a time."""

    def __init__(self, table: Table, learn: npt.NDArray[np.bool_]) -> None:
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


def feature_matrix(table: Table, learn: npt.NDArray[np.bool_]) -> Any:  # noqa: ANN401
    """The features of the rows to learn from, binned; without labels. Rows in spool order."""
    return xgb.QuantileDMatrix(_Feed(table, learn), max_bin=MAX_BIN, nthread=1)


@dataclass(frozen=True, eq=False)
class Learner:
    """`fold` [rows]; `learn` places of the rows that trees are grown on, in spool order:
    neighbouring rows of a vehicle tell the same, a thinned part suffices.
    """

    table: Table
    fold: Ints
    learn: Ints
    trees: Trees
    matrix: Any

    @property
    def bins(self) -> int:
        """How many bins the hazard has."""
        return len(self.table.profile.hazard_bins)

    def fit(self, mode: Mode) -> Fitted:
        """Trees of one mode."""
        label = self.table.label(mode.name)
        self.matrix.set_info(feature_weights=self._weights(mode))
        rounds, curves, grown = [], {}, []
        for fold in range(int(self.fold.max()) + 1):
            known = self.fold[self.learn] != fold
            booster, curves[fold] = self._grow(label, known, self.trees.rounds)
            rounds.append(int(np.argmin(curves[fold])) + 1)
            grown.append(booster[: rounds[-1]])
        everything = np.ones(len(self.learn), np.bool_)
        final, _ = self._grow(label, everything, max(1, round(float(np.mean(rounds)))))
        margin = self._margin(grown)
        loss = Likelihood(tuple(pooled_log_odds(label, self.bins))).loss(margin, label)
        return Fitted(booster_of(bytes(final.save_raw("ubj"))), margin, tuple(rounds), loss, curves)

    def _weights(self, mode: Mode) -> Floats:
        """How often each feature is offered [features], relative to the mode's own."""
        own = {*mode.signals, *mode.fault_codes, mode.part}
        specs = feature_specs(self.table.profile)
        is_own = [bool(own & {spec.signal, spec.subject}) for spec in specs]
        if not mode.signals:
            return np.ones(len(specs), np.float32)
        return np.where(is_own, 1.0, self.trees.foreign).astype(np.float32)

    def _margin(self, grown: Sequence[Any]) -> Floats:
        """Each row's margin by the trees of its fold."""
        margin = np.zeros(len(self.table), np.float32)
        for rows, values in self.table.chunks():
            for fold, booster in enumerate(grown):
                out = self.fold[rows] == fold
                if out.any():
                    margin[rows[out]] = booster.inplace_predict(values[out], predict_type="margin")
        return margin

    def _grow(
        self, label: Floats, known: npt.NDArray[np.bool_], rounds: int
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


def fit_modes(
    table: Table,
    modes: Sequence[str],
    fold: Ints,
    learn: npt.NDArray[np.bool_],
    trees: Trees,
    done: Callable[[float], None],
) -> dict[str, Fitted]:
    """Trees of these modes. `learn` [rows] marks the rows to learn from."""
    row_order = np.argsort(table.place)
    places = row_order[learn[row_order]]
    idle: SimpleQueue[Learner] = SimpleQueue()
    jobs = max(1, min(trees.jobs, len(modes)))
    for _ in range(jobs):
        idle.put(Learner(table, fold, places, trees, feature_matrix(table, learn)))

    def fit(mode: str) -> Fitted:
        learner = idle.get()
        try:
            return learner.fit(table.profile.mode(mode))
        finally:
            idle.put(learner)

    found = {}
    with ThreadPoolExecutor(jobs) as pool:
        for place, (mode, fitted) in enumerate(zip(modes, pool.map(fit, modes), strict=True)):
            found[mode] = fitted
            done((place + 1) / len(modes))
    return found
