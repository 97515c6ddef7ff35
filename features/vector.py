"""The feature vector: what it holds, in which order, and how it comes out of the state."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from contracts.batches import Floats
from features import ages, baseline
from features.codes import HALF_LIVES
from features.moments import OVER, SQUARE, TIME, TIME_SQUARE, TIME_VALUE, VALUE, WEIGHT
from features.plan import Plan
from features.profile import Profile
from features.state import Block

STD_LIVES: Final = (1, 2)
SLOPE_LIVES: Final = (1, 2, 3)
OVER_LIVES: Final = (1, 3)
SLOPE_PRIOR: Final = 0.05
"""Evidence (weight x half-lives squared) at which a slope is half believed: a line through two
neighbouring frames says nothing about a month."""
FORGOTTEN: Final = 1e-18
"""What has a decayed weight below this (60 half-lives) is unknown."""


@dataclass(frozen=True)
class FeatureSpec:
    """One feature: `signal` is its VSS path, or "" where `subject` (the signal's column) is a
    part, a fault code, "other_codes" or "vehicle". `half_life` as text, or "".
    """

    name: str
    kind: str
    subject: str
    signal: str = ""
    half_life: str = ""


@dataclass(frozen=True)
class _Group:
    """Features of one kind and half-life: `columns` says for which signals."""

    kind: str
    life: int | None
    columns: tuple[int, ...]


def feature_specs(profile: Profile) -> tuple[FeatureSpec, ...]:
    """Every feature of the profile in the order of the vector."""
    return (*_signal_specs(profile), *_vehicle_specs(profile))


def feature_names(profile: Profile) -> tuple[str, ...]:
    """Names like `engine_coolant_temperature.slope_7d`, in the order of the vector."""
    return tuple(spec.name for spec in feature_specs(profile))


def _groups(profile: Profile) -> Iterator[_Group]:
    every = tuple(range(len(profile.signals)))
    judged = tuple(i for i in every if not profile.signals[i].operating)
    limited = tuple(
        i
        for i in every
        if profile.signals[i].low_limit is not None or profile.signals[i].high_limit is not None
    )
    yield _Group("now", None, every)
    yield from (_Group("mean", life, every) for life in range(len(profile.half_lives)))
    yield from (_Group("std", life, every) for life in STD_LIVES)
    yield from (_Group("slope", life, judged) for life in SLOPE_LIVES)
    yield _Group("recent", None, judged)
    yield _Group("baseline", None, judged)
    yield from (_Group("over", life, limited) for life in OVER_LIVES)
    yield _Group("missing", 1, judged)
    yield _Group("spread", None, judged)


def _signal_specs(profile: Profile) -> Iterator[FeatureSpec]:
    lives = profile.half_lives
    plain = {"recent": f"mean_{lives[0]}_less_{lives[2]}", "baseline": f"mean_{lives[1]}_less_new"}
    for group in _groups(profile):
        life = "" if group.life is None else lives[group.life]
        label = f"{group.kind}_{life}" if life else plain.get(group.kind, group.kind)
        for column in group.columns:
            signal = profile.signals[column]
            name = f"{signal.column}.{label}"
            yield FeatureSpec(name, group.kind, signal.column, signal.path, life)


def _vehicle_specs(profile: Profile) -> Iterator[FeatureSpec]:
    for index in HALF_LIVES:
        life = profile.half_lives[index]
        for code in (*profile.code_index, "other_codes"):
            yield FeatureSpec(f"{code}.count_{life}", "count", code, half_life=life)
    for part in profile.parts:
        yield FeatureSpec(f"{part}.age_days", "age", part)
    for part in profile.parts:
        yield FeatureSpec(f"{part}.use_hours", "use", part)
    yield FeatureSpec("vehicle.age_days", "age", "vehicle")
    yield FeatureSpec("vehicle.use_hours", "use", "vehicle")
    yield FeatureSpec("vehicle.firmware_days", "firmware", "vehicle")
    life = profile.half_lives[1]
    yield FeatureSpec(f"vehicle.frames_{life}", "frames", "vehicle", half_life=life)


class _View:
    """A block's derived values, each computed once: [n, H, K]."""

    def __init__(self, plan: Plan, block: Block) -> None:
        self.plan, self.block = plan, block
        lives = len(plan.half_lives_ms)
        self.sums = block.sums.reshape(len(block), -1, lives, plan.signals)
        weight = self.sums[:, WEIGHT]
        one = np.float32(1.0)
        self.share = np.where(weight > FORGOTTEN, one / weight, np.float32(np.nan))
        self.mean = self.sums[:, VALUE] * self.share

    def std(self, life: int) -> Floats:
        """Standard deviation [n, K]."""
        mean = self.mean[:, life]
        variance = self.sums[:, SQUARE, life] * self.share[:, life] - mean * mean
        return np.asarray(np.sqrt(np.maximum(variance, np.float32(0.0))), np.float32)

    def slope(self, life: int) -> Floats:
        """Change per half-life [n, K] by weighted least squares, held back by SLOPE_PRIOR."""
        time = self.sums[:, TIME, life]
        both = self.sums[:, TIME_VALUE, life] - time * self.mean[:, life]
        spread = self.sums[:, TIME_SQUARE, life] - time * time * self.share[:, life]
        prior = np.float32(SLOPE_PRIOR)
        return np.asarray(both / (np.maximum(spread, np.float32(0.0)) + prior), np.float32)

    @cached_property
    def above_new(self) -> Floats:
        """Mean at the second half-life less the vehicle's own baseline [n, K]."""
        return np.asarray(self.mean[:, 1] - baseline.mean(self.block.baseline), np.float32)

    def missing(self, life: int) -> Floats:
        """Share of frames without the signal [n, K]."""
        frames = self.block.weight[:, life, None]
        share = np.float32(1.0) - self.sums[:, WEIGHT, life] / frames
        return np.where(frames > FORGOTTEN, share, np.float32(np.nan))


_KINDS: Final[dict[str, Callable[[_View, int], Floats]]] = {
    "now": lambda view, _: view.block.now,
    "mean": lambda view, life: view.mean[:, life],
    "std": _View.std,
    "slope": _View.slope,
    "recent": lambda view, _: view.mean[:, 0] - view.mean[:, 2],
    "baseline": lambda view, _: view.above_new,
    "over": lambda view, life: view.sums[:, OVER, life] * view.share[:, life],
    "missing": _View.missing,
    "spread": lambda view, _: view.block.spread,
}


class Vector:
    """Computes a profile's feature vectors."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.names = feature_names(plan.profile)
        self._groups = [
            (
                _KINDS[group.kind],
                group.life or 0,
                len(group.columns),
                None if len(group.columns) == plan.signals else list(group.columns),
            )
            for group in _groups(plan.profile)
            if group.columns
        ]

    def values(self, block: Block) -> Floats:
        """Feature vectors [n, features] of vehicles, each as of its newest event time."""
        found = np.empty((len(block), len(self.names)), np.float32)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore", under="ignore"):
            view = _View(self.plan, block)
            start = 0
            for compute, life, count, columns in self._groups:
                values = compute(view, life)
                found[:, start : start + count] = values if columns is None else values[:, columns]
                start += count
        for part in self._vehicle(block):
            found[:, start : start + part.shape[1]] = part
            start += part.shape[1]
        return found

    def _vehicle(self, block: Block) -> Iterator[Floats]:
        hours = self.plan.profile.frame_period_ms / 3_600_000
        yield block.codes[:, 0]
        yield block.codes[:, 1]
        yield ages.age_days(block.newest, block.replaced, block.first)
        yield (block.used * hours).astype(np.float32)
        yield ages.age_days(block.newest, block.first[:, None], block.first)
        yield (block.frames * hours).astype(np.float32)[:, None]
        firmware = ages.age_days(block.newest, block.firmware[:, None], block.first)
        never = block.firmware[:, None] == ages.NEVER
        yield np.where(never, np.float32(np.nan), firmware)
        yield block.weight[:, 1:2]
