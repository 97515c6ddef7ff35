"""A feature vector as one failure mode sees it: its own signals, codes and part, and the others'.

All modes' views have the same names, so that one model can serve them all (models/pooled.py).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec
import numpy as np

from contracts.batches import Floats, Ints
from features.profile import Mode, Profile
from features.vector import FeatureSpec, feature_specs

_SIZED: Final = frozenset({"now", "mean", "slope", "recent", "baseline"})
"""Kinds that count by their distance from what is expected, whatever the direction."""
_UNSIGNED: Final = frozenset({"std", "over", "spread"})

Reduction = Literal["furthest", "most", "least", "sum"]
_REDUCTIONS: Final[dict[Reduction, Callable[[Floats], Any]]] = {
    "furthest": lambda values: np.fmax.reduce(np.abs(values), axis=1),
    "most": lambda values: np.fmax.reduce(values, axis=1),
    "least": lambda values: np.fmin.reduce(values, axis=1),
    "sum": lambda values: np.add.reduce(values, axis=1),
}


class Part(msgspec.Struct, frozen=True, array_like=True):
    """One feature of a view: these columns of the vector, brought to one number."""

    name: str
    reduction: Reduction
    columns: list[int]


class View(msgspec.Struct, frozen=True, array_like=True):
    """Features like `own.mean_12h`, in order."""

    parts: list[Part]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features."""
        return tuple(part.name for part in self.parts)

    def values(self, values: Floats) -> Floats:
        """What the mode sees [n x parts] of feature rows [n x features]; NaN = unknown."""
        found = np.full((len(values), len(self.parts)), np.nan, np.float32)
        for place, part in enumerate(self.parts):
            if part.columns:
                found[:, place] = _REDUCTIONS[part.reduction](values[:, part.columns])
        return found

    def spread(self, shares: Floats, values: Floats) -> Floats:
        """Shares [n x parts] given back to the features [n x features] that they came from: all
        to the one that settled the number.
        """
        found = np.zeros(values.shape, np.float32)
        rows = np.arange(len(values))
        for place, part in enumerate(self.parts):
            if part.columns:
                np.add.at(found, (rows, _settled(part, values)), shares[:, place])
        return found


def _settled(part: Part, values: Floats) -> Ints:
    """Which column [n] settled the part's number."""
    own = np.nan_to_num(values[:, part.columns], nan=0.0)
    place = own.argmin(1) if part.reduction == "least" else np.abs(own).argmax(1)
    return np.asarray(np.array(part.columns)[place], np.int64)


def views(profile: Profile) -> Mapping[str, View]:
    """The view of every mode, by name."""
    specs = feature_specs(profile)
    return {mode.name: View(_parts(specs, mode)) for mode in profile.modes}


def _parts(specs: Sequence[FeatureSpec], mode: Mode) -> list[Part]:
    found: list[Part] = []
    for kind, life in dict.fromkeys((spec.kind, spec.half_life) for spec in specs):
        label = f"{kind}_{life}" if life else kind
        columns = [i for i, spec in enumerate(specs) if (spec.kind, spec.half_life) == (kind, life)]
        own = [i for i in columns if _is_own(specs[i], mode)]
        others = [i for i in columns if i not in own]
        if kind in _SIZED:
            found += [Part(f"own.{label}", "furthest", own)]
            found += [Part(f"others.{label}", "furthest", others)]
        elif kind in _UNSIGNED:
            found += [Part(f"own.{label}", "most", own)]
        elif kind == "count":
            found += [Part(f"own.{label}_most", "most", own)]
            found += [Part(f"own.{label}_least", "least", own)]
            found += [Part(f"others.{label}", "sum", others)]
        elif kind in {"age", "use"}:
            found += [Part(f"own.{label}", "most", own)]
    return found


def _is_own(spec: FeatureSpec, mode: Mode) -> bool:
    if spec.kind == "count":
        return spec.subject in mode.fault_codes
    if spec.kind in {"age", "use"}:
        return spec.subject == mode.part
    return spec.signal in mode.signals
