"""Boosted trees laid out for scoring: XGBoost's margins to the bit, several times as fast.

Every tree is a full one of the forest's depth, so that a node's children need no look-up: node i
has 2i + 1 and 2i + 2 (a leaf further up is its own children). Each feature has two columns, one
where unknown is the lowest value and one where it is the highest: a node that sends unknown to the
left reads the first, the others the second, and no descent has to ask (docs/decisions/0013).
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from contracts.batches import Floats

DEEPEST: Final = 8
"""A full tree's size doubles with each level."""
_WIDEST: Final = 2**15
_PROBES: Final = 16

Score = Callable[[Floats], Floats]
"""Margins [n] of feature rows [n x features], NaN = unknown."""


class _Tree(msgspec.Struct, frozen=True):
    left_children: list[int]
    right_children: list[int]
    split_indices: list[int]
    split_conditions: list[float]
    default_left: list[int]
    split_type: list[int]


class _Model(msgspec.Struct, frozen=True):
    trees: list[_Tree]


class _Booster(msgspec.Struct, frozen=True):
    model: _Model


class _Numbers(msgspec.Struct, frozen=True):
    base_score: str


class _Learner(msgspec.Struct, frozen=True):
    gradient_booster: _Booster
    learner_model_param: _Numbers


class _Stored(msgspec.Struct, frozen=True):
    learner: _Learner


@dataclass(frozen=True, eq=False)
class Forest:
    """`column` [trees x nodes], `threshold` [trees x nodes]: a row whose value in the column is not
    below goes right. `leaf` [trees x leaves], `base` what every row has.
    """

    column: npt.NDArray[np.uint16]
    threshold: Floats
    leaf: Floats
    base: np.float32

    def margin(self, values: Floats) -> Floats:
        """Margins [n] of feature rows [n x features], NaN = unknown."""
        margin = np.empty(len(values), np.float32)
        known = np.ascontiguousarray(values, np.float32)
        import_module("models.descend").descend(
            known, self.column, self.threshold, self.leaf, self.base, margin
        )
        return margin


def score_of(booster: Any) -> Score:  # noqa: ANN401 (xgboost has no types)
    """What scores like this booster: its forest, or itself where its trees can't be laid out so
    (too deep, with categories), or where probes show that they mean something else.
    """

    def by_itself(values: Floats) -> Floats:
        found = booster.inplace_predict(values, predict_type="margin", validate_features=False)
        return np.asarray(found, np.float32)

    forest = _forest(bytes(booster.save_raw("json")))
    if forest is None:
        return by_itself
    probes = _probes(forest, booster.num_features())
    # An objective with a link, several outputs, another way of storing: whatever it is, it shows.
    same = np.array_equal(forest.margin(probes), by_itself(probes))
    return forest.margin if same else by_itself


def _forest(stored: bytes) -> Forest | None:
    try:
        learner = msgspec.json.decode(stored, type=_Stored).learner
        base = np.float32(learner.learner_model_param.base_score.strip("[]"))
    except (msgspec.ValidationError, ValueError):
        return None
    trees = learner.gradient_booster.model.trees
    if any(any(tree.split_type) or max(tree.split_indices) >= _WIDEST for tree in trees):
        return None
    return _laid_out(trees, base)


def _laid_out(trees: list[_Tree], base: np.float32) -> Forest | None:
    """All trees grow by a level at a time."""
    sizes = [len(tree.left_children) for tree in trees]
    root = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    first = np.repeat(root, sizes)
    left, right, split, default = (
        np.concatenate([getattr(tree, name) for tree in trees])
        for name in ("left_children", "right_children", "split_indices", "default_left")
    )
    condition = np.concatenate([tree.split_conditions for tree in trees]).astype(np.float32)
    splits, itself = left >= 0, np.arange(len(left))
    left = np.where(splits, first + left, itself)
    right = np.where(splits, first + right, itself)
    column = np.where(splits, 2 * split + (default == 0), 0).astype(np.uint16)
    threshold = np.where(splits, condition, np.float32(np.inf))
    columns: list[npt.NDArray[np.uint16]] = []
    thresholds: list[Floats] = []
    node = root[:, None]
    while splits[node].any():
        if len(columns) == DEEPEST:
            return None
        columns.append(column[node])
        thresholds.append(threshold[node])
        node = np.stack([left[node], right[node]], axis=2).reshape(len(trees), -1)
    none = np.empty((len(trees), 0))
    return Forest(
        np.hstack([none.astype(np.uint16), *columns]),
        np.hstack([none.astype(np.float32), *thresholds]),
        condition[node],
        base,
    )


def _probes(forest: Forest, features: int) -> Floats:
    """Rows [probes x features] of thresholds, which decide, and of nothing known."""
    known = forest.threshold[np.isfinite(forest.threshold)]
    drawn = np.random.default_rng(len(known)).choice(
        np.append(known, np.float32(np.nan)), (_PROBES, features)
    )
    return drawn.astype(np.float32)
