"""One model for all failure modes of a profile, for fleets with few failures of each.

A row is seen from a mode: its own signals, fault codes and part (as the profile names them)
against those of the others. What a failing part looks like is then learnt from all modes together,
and serves a mode of which no failure is known yet.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from contracts.batches import Floats
from features.profile import Mode, Profile
from features.vector import FeatureSpec, feature_specs

_SIZED: Final = frozenset({"now", "mean", "slope", "recent", "baseline"})
"""Kinds that count by their distance from what is expected, whatever the direction."""
_UNSIGNED: Final = frozenset({"std", "over", "missing", "spread"})


def _furthest(values: Floats) -> Floats:
    return np.asarray(np.fmax.reduce(np.abs(values), axis=1), np.float32)


def _most(values: Floats) -> Floats:
    return np.asarray(np.fmax.reduce(values, axis=1), np.float32)


def _least(values: Floats) -> Floats:
    return np.asarray(np.fmin.reduce(values, axis=1), np.float32)


def _sum(values: Floats) -> Floats:
    return np.asarray(np.add.reduce(values, axis=1), np.float32)


_Reduce = Callable[[Floats], Floats]


@dataclass(frozen=True)
class _Part:
    """One feature of the view: these columns of the vector, brought to one number."""

    name: str
    reduce: _Reduce
    columns: tuple[int, ...]


@dataclass(frozen=True)
class View:
    """How a mode sees a feature vector. All modes' views have the same names."""

    parts: tuple[_Part, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names like `own.mean_12h`, in order."""
        return tuple(part.name for part in self.parts)

    def values(self, values: Floats) -> Floats:
        """Seen from the mode [n x names]; NaN where nothing is known."""
        found = np.full((len(values), len(self.parts)), np.nan, np.float32)
        for place, part in enumerate(self.parts):
            if part.columns:
                found[:, place] = part.reduce(values[:, list(part.columns)])
        return found


def views(profile: Profile) -> Mapping[str, View]:
    """The view of every mode, by name."""
    specs = feature_specs(profile)
    return {mode.name: View(tuple(_parts(specs, mode))) for mode in profile.modes}


def _parts(specs: Sequence[FeatureSpec], mode: Mode) -> list[_Part]:
    found: list[_Part] = []
    own_signals, own_codes = set(mode.signals), set(mode.fault_codes)
    for kind, life in dict.fromkeys((spec.kind, spec.half_life) for spec in specs):
        places = [i for i, s in enumerate(specs) if (s.kind, s.half_life) == (kind, life)]
        label = f"{kind}_{life}" if life else kind
        if kind in _SIZED | _UNSIGNED:
            own, others = _split(places, lambda i: specs[i].signal in own_signals)
            reduce = _furthest if kind in _SIZED else _most
            found += [_Part(f"own.{label}", reduce, own), _Part(f"others.{label}", reduce, others)]
        elif kind == "count":
            own, others = _split(places, lambda i: specs[i].subject in own_codes)
            found += [
                _Part(f"own.most_{label}", _most, own),
                _Part(f"own.least_{label}", _least, own),
                _Part(f"others.{label}", _sum, others),
            ]
        elif kind in {"age", "use"}:
            own, _ = _split(places, lambda i: specs[i].subject == mode.part)
            whole, _ = _split(places, lambda i: specs[i].subject == "vehicle")
            found += [_Part(f"own.{label}", _most, own), _Part(f"vehicle.{label}", _most, whole)]
    return found


def _split(
    places: Sequence[int], is_own: Callable[[int], bool]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    own = tuple(place for place in places if is_own(place))
    return own, tuple(place for place in places if place not in own)
