"""Trees of failure modes: rounds chosen on held-out vehicles, then grown on all."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

import numpy as np

from contracts.batches import Flags, Floats, Ints
from features.profile import Mode, Profile
from features.vector import feature_specs
from models.calibration import Calibration
from models.grow import MAX_BIN, Grower, LocalGrower, Split, Trees
from models.hazard import Likelihood, booster_of, pooled_log_odds
from models.table import Table
from models.view import View

__all__ = ["MAX_BIN", "Fitted", "Learner", "Trees", "fit_modes"]


@dataclass(frozen=True, eq=False)
class Fitted:
    """`margin` [rows] of each row by trees that have not seen its vehicle; `rounds` and `curves`
    (loss on the held-out vehicles after each round) by fold. Learnt with other modes
    (models/scarce.py) it has a `view` of its own and their `calibration`.
    """

    booster: Any
    margin: Floats
    rounds: tuple[int, ...]
    loss: float
    curves: Mapping[int, list[float]] = field(default_factory=dict)
    view: View | None = None
    calibration: Calibration | None = None


@dataclass(frozen=True, eq=False)
class Learner:
    """`fold` [rows]; `learn` places of the rows that trees are grown on, in spool order:
    neighbouring rows of a vehicle tell the same, a thinned part suffices.
    """

    table: Table
    fold: Ints
    learn: Ints
    trees: Trees
    grower: Grower

    @classmethod
    def of(
        cls, table: Table, fold: Ints, learn: Flags, trees: Trees, grower: Grower | None = None
    ) -> "Learner":
        """`learn` [rows] marks the rows to learn from; without a grower, one of its own."""
        order = np.argsort(table.place)
        return cls(table, fold, order[learn[order]], trees, grower or LocalGrower(table, learn))

    def fit(self, mode: Mode) -> Fitted:
        """Trees of one mode."""
        label = self.table.label(mode.name)
        rounds, curves, grown = [], {}, []
        for fold in range(int(self.fold.max()) + 1):
            split = self._split(mode, fold)
            booster, curves[fold] = self.grower.grow(self.trees, split, self.trees.rounds)
            rounds.append(int(np.argmin(curves[fold])) + 1)
            grown.append(booster[: rounds[-1]])
        count = max(1, round(float(np.mean(rounds))))
        final = self.grow(mode, count)
        margin = unseen_margin(self.table, self.fold, grown)
        bins = len(self.table.profile.hazard_bins)
        loss = Likelihood(tuple(pooled_log_odds(label, bins))).loss(margin, label)
        return Fitted(booster_of(bytes(final.save_raw("ubj"))), margin, tuple(rounds), loss, curves)

    def grow(self, mode: Mode, rounds: int) -> Any:  # noqa: ANN401 (xgboost has no types)
        """Trees of one mode on everything, so many rounds."""
        return self.grower.grow(self.trees, self._split(mode, None), rounds)[0]

    def held_out_loss(self, mode: Mode) -> float:
        """Loss on held-out vehicles at the best number of rounds, mean over the folds; relative to
        that of the fleet's rates.
        """
        losses = []
        for fold in range(int(self.fold.max()) + 1):
            split = self._split(mode, fold)
            curve = self.grower.grow(self.trees, split, self.trees.rounds)[1]
            nothing = np.zeros(split.held_out, np.float32)
            losses.append(min(curve) / split.likelihood.loss(nothing, split.label[~split.known]))
        return float(np.mean(losses))

    def _split(self, mode: Mode, fold: int | None) -> Split:
        """Everything known but one fold; everything without one."""
        label = self.table.label(mode.name)[self.learn]
        out = self.fold[self.learn] == fold if fold is not None else np.zeros(len(label), np.bool_)
        odds = pooled_log_odds(label[~out], len(self.table.profile.hazard_bins))
        return Split(label, ~out, self._weights(mode), Likelihood(tuple(odds.tolist())))

    def _weights(self, mode: Mode) -> Floats:
        """How often each feature is offered [features], relative to the mode's own."""
        specs = feature_specs(self.table.profile)
        if not mode.signals:
            return np.ones(len(specs), np.float32)
        own = {*mode.signals, *mode.fault_codes, mode.part}
        is_own = [bool(own & {spec.signal, spec.subject}) for spec in specs]
        return np.where(is_own, 1.0, self.trees.foreign).astype(np.float32)


def unseen_margin(
    table: Table, fold: Ints, grown: Sequence[Any], view: View | None = None
) -> Floats:
    """Margin [rows] of each row by the trees of its `fold` [rows], which have not seen its vehicle;
    `view`: how they see rows, if not as they are.
    """
    margin = np.zeros(len(table), np.float32)
    for rows, values in table.chunks():
        seen = values if view is None else view.values(values)
        for number, booster in enumerate(grown):
            out = fold[rows] == number
            if out.any():
                margin[rows[out]] = booster.inplace_predict(seen[out], predict_type="margin")
    return margin


def own_columns(profile: Profile, mode: Mode) -> tuple[int, ...]:
    """Columns by which a row knows something of a mode: the longest means of its signals, and how
    often its fault codes were set.
    """
    longest = profile.half_lives[-1]
    return tuple(
        place
        for place, spec in enumerate(feature_specs(profile))
        if (spec.kind == "mean" and spec.half_life == longest and spec.signal in mode.signals)
        or (spec.kind == "count" and spec.subject in mode.fault_codes)
    )


def fit_modes(
    learners: Sequence[Learner], modes: Sequence[str], done: Callable[[float], None]
) -> dict[str, Fitted]:
    """Trees of these modes, as many modes side by side as there are learners (all alike)."""
    idle: SimpleQueue[Learner] = SimpleQueue()
    for learner in learners:
        idle.put(learner)

    def fit(mode: str) -> Fitted:
        learner = idle.get()
        try:
            return learner.fit(learner.table.profile.mode(mode))
        finally:
            idle.put(learner)

    found = {}
    with ThreadPoolExecutor(len(learners)) as pool:
        for place, (mode, fitted) in enumerate(zip(modes, pool.map(fit, modes), strict=True)):
            found[mode] = fitted
            done((place + 1) / len(modes))
    return found
