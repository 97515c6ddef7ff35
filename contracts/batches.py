"""Columnar values that pass between rooms: one array per column, one row per frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

STATISTICS = ("count", "mean", "std", "min", "max", "last")
"""Order of the last axis of `Summaries.stats`."""


@dataclass(frozen=True)
class Summaries:
    """Frames of one profile reduced to their statistics.

    `stats` [frames x signals x 6] in the order of the profile's signals and of `STATISTICS`; a
    signal that a frame lacks has count 0 and NaN elsewhere. `std` is the population standard
    deviation. `time_ms` is the frame's start.
    """

    profile: str
    tenant: Sequence[str]
    vehicle_id: Sequence[str]
    time_ms: Ints
    seq: Ints
    stats: Floats

    def __len__(self) -> int:
        return len(self.time_ms)


@dataclass(frozen=True)
class FeatureRows:
    """Feature vectors as scored: `values` [rows x features], NaN = unknown.

    `trigger` says why a row is due: "due", "fault_code" or "residual". `names` are the columns.
    """

    profile: str
    names: Sequence[str]
    tenant: Sequence[str]
    vehicle_id: Sequence[str]
    time_ms: Ints
    trigger: Sequence[str]
    values: Floats

    def __len__(self) -> int:
        return len(self.time_ms)


@dataclass(frozen=True)
class RiskRows:
    """Scores of feature rows by one bundle: `risk` [rows x modes x 3 horizons], probabilities;
    `rul` [rows x 3] value, low, high, or None where the profile has no RUL.
    """

    profile: str
    model: str
    modes: Sequence[str]
    tenant: Sequence[str]
    vehicle_id: Sequence[str]
    time_ms: Ints
    risk: Floats
    rul: Floats | None

    def __len__(self) -> int:
        return len(self.time_ms)


@dataclass(frozen=True)
class UnusualRows:
    """How unusual feature rows are, by a bundle without failure models: `score` [rows], `rank`
    [rows] the share of training rows that were less unusual, `parts` [rows x signals].
    """

    profile: str
    model: str
    signals: Sequence[str]
    tenant: Sequence[str]
    vehicle_id: Sequence[str]
    time_ms: Ints
    score: Floats
    rank: Floats
    parts: Floats

    def __len__(self) -> int:
        return len(self.time_ms)
