"""One model for all failure modes of a profile, for fleets with few failures of each.

What a failing part looks like is learnt from all modes together, each through its own view
(models/view.py), and serves a mode of which no failure is known yet. Trees are grown on the first
hazard bin alone: rows far ahead of a failure are many, and say little.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xgboost as xgb

from contracts.batches import Flags, Floats, Ints
from features.profile import Profile
from models.calibrate import calibrate
from models.fit import MAX_BIN, Trees
from models.hazard import HazardModel, Likelihood, booster_of, pooled_log_odds
from models.table import DAY_MS
from models.view import View, views

TREES: Final = Trees(
    max_depth=3,
    eta=0.08,
    subsample=0.7,
    colsample_bytree=0.5,
    min_child_weight=1.0,
    reg_lambda=5.0,
    rounds=400,
    patience=30,
)
LEARN_EVERY: Final = 3
"""Trees are grown on every third row."""
ROW_WEIGHT: Final = 0.1
"""What a row counts against the priors of the calibration: neighbours tell the same."""


@dataclass(frozen=True, eq=False)
class Pooled:
    """`models` by mode; `margin` [modes x rows] by trees that had not seen the row's vehicle;
    `rounds`, `curves` and the trees `grown` without its vehicles by fold.
    """

    models: Mapping[str, HazardModel]
    margin: Floats
    rounds: tuple[int, ...]
    curves: tuple[list[float], ...]
    grown: tuple[Any, ...]


def fit_pooled(
    profile: Profile, values: Floats, labels: Floats, fold: Ints, trees: Trees = TREES
) -> Pooled:
    """Fit on feature rows [n x features], `labels` [modes x n] (models/labels.py), `fold` [n]."""
    seen_by = views(profile)
    modes = [mode.name for mode in profile.modes]
    seen = np.concatenate([seen_by[mode].values(values) for mode in modes])
    label = labels.reshape(-1)
    folds = np.tile(fold, len(modes))
    learner = _Learner(seen, _first_bin(label), trees)
    margin = np.zeros(len(label), np.float32)
    rounds, curves, grown = [], [], []
    for number in range(int(fold.max()) + 1):
        booster, curve = learner.hold_out(folds == number)
        rounds.append(int(np.argmin(curve)) + 1)
        curves.append(curve)
        grown.append(booster[: rounds[-1]])
        out = folds == number
        margin[out] = grown[-1].inplace_predict(seen[out], predict_type="margin")
    final = learner.grow(max(1, round(float(np.mean(rounds)))))
    models = _models(profile, seen_by, margin, label, final)
    own = margin.reshape(len(modes), -1)
    return Pooled(models, own, tuple(rounds), tuple(curves), tuple(grown))


def _models(
    profile: Profile,
    seen_by: Mapping[str, View],
    margin: Floats,
    label: Floats,
    booster: Any,  # noqa: ANN401
) -> dict[str, HazardModel]:
    """All modes share trees and calibration; each has its view."""
    ends = tuple(end / DAY_MS for end in profile.hazard_bins_ms)
    found = calibrate(margin, label, len(ends), ROW_WEIGHT)
    return {name: HazardModel(name, ends, found, booster, view) for name, view in seen_by.items()}


def _first_bin(label: Floats) -> Floats:
    """Labels as they are for the first bin alone."""
    failed = (label < 0) & (label >= -1)
    return np.where(failed, -1, np.where(label < 0, 1, np.minimum(label, 1))).astype(np.float32)


class _Learner:
    """Rows of all modes one below the other."""

    def __init__(self, seen: Floats, label: Floats, trees: Trees) -> None:
        self.seen, self.label, self.trees = seen, label, trees
        self.learn = np.arange(len(label)) % LEARN_EVERY == 0

    def hold_out(self, out: Flags) -> tuple[Any, list[float]]:
        """Trees without some rows, and the loss on these after each round."""
        known, judged = self.learn & ~out, self.learn & out
        matrix = self._matrix(known)
        own = self.label[judged]
        likelihood = self._likelihood(known)
        curve: list[float] = []

        def metric(margin: Floats, _: Any) -> tuple[str, float]:  # noqa: ANN401
            curve.append(likelihood.loss(np.ravel(margin), own))
            return "loss", curve[-1]

        booster = xgb.train(
            self.trees.parameters(),
            matrix,
            self.trees.rounds,
            obj=likelihood,
            custom_metric=metric,
            evals=[(self._matrix(judged, matrix), "held_out")],
            early_stopping_rounds=self.trees.patience,
            verbose_eval=False,
        )
        return booster, curve

    def grow(self, rounds: int) -> Any:  # noqa: ANN401
        """Trees on all rows to learn from."""
        likelihood = self._likelihood(self.learn)
        grown = xgb.train(self.trees.parameters(), self._matrix(self.learn), rounds, obj=likelihood)
        return booster_of(bytes(grown.save_raw("ubj")))

    def _likelihood(self, rows: Flags) -> Likelihood:
        return Likelihood(tuple(pooled_log_odds(self.label[rows], 1)))

    def _matrix(self, rows: Flags, ref: Any = None) -> Any:  # noqa: ANN401
        return xgb.QuantileDMatrix(
            self.seen[rows], self.label[rows], max_bin=MAX_BIN, nthread=1, ref=ref
        )
