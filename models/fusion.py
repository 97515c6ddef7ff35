"""What many faint signals say together: linear sums over a feature vector.

Health indices: directions in signal space along which worn units stand apart from sound ones most,
in units of the sound ones' noise (generalised eigenvectors of the second moment near the end and
the covariance of sound rows, as in Fisher's discriminant). Every kind of feature (now, mean at a
half-life, slope ...) is summed along them. Beside them, one ridge regression of the capped life
left on all of these features; for the rows it was fitted on it is given out of fold.

Averaging the noise of many sensors is what trees can't do; what the averages mean, they find.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.linalg import eigh

from contracts.batches import Doubles, Floats, Ints
from features.vector import FeatureSpec
from models.folds import fold_rows

INDICES: Final = 3
SUMMED: Final = ("now", "mean", "slope", "recent")
"""Kinds that are linear in the signals' residuals."""
NEAR_END: Final = 8
"""A unit is near its end in the last eighth of the cap."""
_RIDGE: Final = 1e-2
_NOISE: Final = 1e-3
_FOLDS: Final = 5
MEAN_LAG: Final = 1 / np.log(2)
"""Half-lives by which a decayed mean lags behind: mean + lag x slope is the level now."""


@dataclass(frozen=True, eq=False)
class Fusion:
    """`weights` [columns x sums] of these `columns` of a feature vector, and `offset` [sums]."""

    columns: Ints
    weights: Floats
    offset: Floats

    def values(self, values: Floats) -> Floats:
        """The sums [n x sums]; an unknown value counts as its expectation, 0.

        Term by term, not by BLAS: a row's sums depend on that row alone, to the bit.
        """
        known = np.ascontiguousarray(np.nan_to_num(values[:, self.columns]).T)
        total = np.repeat(self.offset[:, None], len(values), axis=1)
        for column, weight in zip(known, self.weights, strict=True):
            total += weight[:, None] * column
        return np.ascontiguousarray(total.T)


@dataclass(frozen=True)
class _Group:
    """Features of one kind and half-life: their columns, signal by signal."""

    kind: str
    life: str
    columns: list[int]


def fit_fusion(
    values: Floats,
    specs: Sequence[FeatureSpec],
    vehicle: Ints,
    life_left: Floats,
    cap: float,
) -> tuple[Fusion, Floats]:
    """The fusion, and its sums [n x sums] for these rows [n x features] of which `life_left` [n]
    is known, not above `cap`.
    """
    groups = _groups(values, specs)
    age = [i for i, spec in enumerate(specs) if spec.kind == "age" and spec.subject == "vehicle"]
    columns = [column for group in groups for column in group.columns] + age
    known = np.nan_to_num(values[:, columns]).astype(np.float64)
    directions = _directions(known, groups, life_left, cap)
    along = _along(groups, directions, len(columns))
    offset, weights = _ridge(known, life_left)
    fusion = Fusion(
        np.array(columns),
        np.hstack([along, weights[:, None]]).astype(np.float32),
        np.append(np.zeros(along.shape[1]), offset).astype(np.float32),
    )
    sums = fusion.values(values)
    sums[:, -1] = _out_of_fold(known, vehicle, life_left)
    return fusion, sums


def _groups(values: Floats, specs: Sequence[FeatureSpec]) -> list[_Group]:
    """Groups of summed kinds over the signals that have all of them and vary."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for place, spec in enumerate(specs):
        if spec.kind in SUMMED:
            found.setdefault((spec.kind, spec.half_life), {})[spec.signal] = place
    judged = set.intersection(*(set(columns) for columns in found.values()))
    varying = [
        signal
        for signal, place in found["now", ""].items()
        if signal in judged and np.nanstd(values[:, place].astype(np.float64)) > 1e-6
    ]
    return [
        _Group(kind, life, [columns[signal] for signal in varying])
        for (kind, life), columns in found.items()
    ]


def _directions(known: Doubles, groups: list[_Group], life_left: Floats, cap: float) -> Doubles:
    """Directions [signals x indices], each of unit noise on sound rows."""
    width = len(groups[0].columns)
    place = {(group.kind, index): index for index, group in enumerate(groups)}
    now = next(i for (kind, i) in place if kind == "now")
    # The second shortest half-life: steady, and not late.
    settled = [i for (kind, i) in place if kind == "mean"][1]
    is_sound = life_left >= min(cap, float(np.quantile(life_left, 0.7)))
    is_worn = life_left <= max(cap / NEAR_END, float(np.quantile(life_left, 0.02)))
    sound = known[is_sound, now * width : (now + 1) * width]
    worn = known[is_worn, settled * width : (settled + 1) * width]
    noise = np.atleast_2d(np.cov(sound.T)) + _NOISE * np.eye(width)
    _, vectors = eigh(worn.T @ worn / len(worn), noise)
    return np.asarray(vectors[:, ::-1][:, :INDICES])


def _along(groups: list[_Group], directions: Doubles, columns: int) -> Doubles:
    """Weights [columns x sums]: every group along each direction, then the levels now."""
    signals, indices = directions.shape
    blocks: dict[tuple[str, str], Doubles] = {}
    for place, group in enumerate(groups):
        block = np.zeros((columns, indices))
        block[place * signals : (place + 1) * signals] = directions
        blocks[group.kind, group.life] = block
    levels = [
        blocks["mean", life] + MEAN_LAG * block
        for (kind, life), block in blocks.items()
        if kind == "slope"
    ]
    return np.hstack([*blocks.values(), *levels])


def _ridge(known: Doubles, target: Floats) -> tuple[float, Doubles]:
    """Offset and weights [columns]."""
    mean, sd = known.mean(0), known.std(0) + 1e-9
    scaled = (known - mean) / sd
    middle = float(target.mean())
    normal = scaled.T @ scaled / len(scaled) + _RIDGE * np.eye(known.shape[1])
    weights = np.linalg.solve(normal, scaled.T @ (target - middle) / len(scaled)) / sd
    return middle - float(mean @ weights), weights


def _out_of_fold(known: Doubles, vehicle: Ints, target: Floats) -> Floats:
    """The ridge regression's value [n] for each row by a fit without its vehicle."""
    _, place = np.unique(vehicle, return_inverse=True)
    fold = fold_rows([str(number) for number in range(place.max() + 1)], place, _FOLDS, 0)
    found = np.empty(len(known), np.float32)
    for number in range(_FOLDS):
        out = fold == number
        if out.any() and not out.all():
            offset, weights = _ridge(known[~out], target[~out])
            found[out] = known[out] @ weights + offset
        elif out.any():
            found[out] = target.mean()
    return found
