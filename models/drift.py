"""Whether the fleet has moved away from what its model was trained on.

- features and scores: population stability index by week (models/reference.py). Drift is an index
  above 0.25 (the usual rule of thumb), well above that of any week of training, and above what
  chance leaves with so few vehicles: under no change the index is distributed like chi-squared
  times (1/n + 1/m) (Yurdakul 2018), vehicles counted, not rows, and held for all features together.
- calibration: failures that came against those expected, on rows whose 30 days are over. The rows
  of a vehicle within 30 days tell of the same failure, so they count as one observation.
- missing signals: share of frames without a signal, against the time of training.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final, Literal

import msgspec
import numpy as np
from scipy.stats import chi2

from contracts.batches import Doubles, Floats
from models.compare import Judged
from models.reference import TENTHS, Reference, Shape

Kind = Literal["feature", "score", "calibration", "missing"]
RULE: Final = 0.25
"""An index below this is never drift."""
CHANCE: Final = 0.01
"""How often a week without any change may look like drift, all features together."""
MARGIN: Final = 1.5
"""An index up to so many times that of training's oddest week is a season, not drift."""
RISE: Final = 0.10
"""Share of frames by which a signal must go missing more often."""
LEAST_FAILURES: Final = 8
"""Failures that must be expected or have come before calibration is judged."""
_OFF: Final = 0.25
_SIGMAS: Final = 3.3
_BLOCK_MS: Final = 30 * 86_400_000


class Measure(msgspec.Struct, frozen=True):
    """One figure of one week (its Monday): `subject` is a feature, a mode or a signal. It is drift
    outside of `low` to `high`.
    """

    week_ms: int
    kind: Kind
    subject: str
    value: float
    low: float
    high: float
    drifted: bool

    @property
    def reach(self) -> float:
        """How many times its upper limit it is; 0 without one."""
        return self.value / self.high if self.high else 0.0


@dataclass(frozen=True, eq=False)
class Week:
    """Rows of a week in use: features [n x features] of so many vehicles; 30-day risk
    [m x modes] of so many, `modes` naming the columns.
    """

    week_ms: int
    values: Floats
    vehicles: int
    modes: Sequence[str]
    risk: Floats
    scored_vehicles: int


def stability(
    reference: Reference, names: Sequence[str], week: Week, ageing: Collection[str] = ()
) -> list[Measure]:
    """Index of every feature and of every score of a week. Features among `ageing` (ages, hours of
    use) only ever grow: theirs is told, and never drift.
    """
    found = []
    if week.vehicles:
        index = reference.features.psi(week.values, week.vehicles)
        limits = _limits(reference.features, week.vehicles, reference.vehicles)
        limits[[name in ageing for name in names]] = np.inf
        found += _measures(week.week_ms, "feature", names, index, limits)
    both = [mode for mode in reference.modes if mode in week.modes]
    if week.scored_vehicles and both:
        own = [reference.modes.index(mode) for mode in both]
        part = reference.scores
        shape = Shape(part.edges[own], part.shares[own], part.usual[own])
        risk = week.risk[:, [list(week.modes).index(mode) for mode in both]]
        index = shape.psi(risk, week.scored_vehicles)
        limits = _limits(shape, week.scored_vehicles, reference.vehicles)
        found += _measures(week.week_ms, "score", both, index, limits)
    return found


def calibration(week_ms: int, judged: Judged) -> Measure | None:
    """Failures of a mode that came over those expected by `judged.first`, over all its rows, told
    for a week. None where too few were expected and came.
    """
    expected, came, spread, failures = _expected(judged)
    if not expected or failures < LEAST_FAILURES:
        return None
    off = max(_OFF, _SIGMAS * spread / expected)
    ratio = came / expected
    low, high = max(0.0, 1 - off), 1 + off
    return Measure(
        week_ms, "calibration", judged.mode, ratio, low, high, drifted=not low <= ratio <= high
    )


def missing(week_ms: int, now: Mapping[str, float], before: Mapping[str, float]) -> list[Measure]:
    """Share of frames without each signal, against the time of training."""
    found = []
    for signal, share in now.items():
        high = before.get(signal, 1.0) + RISE
        found.append(Measure(week_ms, "missing", signal, share, 0.0, high, drifted=share > high))
    return found


def drifted(measures: Sequence[Measure]) -> list[Measure]:
    """What has drifted as of the newest week of its kind, the furthest beyond its limit first."""
    newest: dict[str, int] = {}
    for one in measures:
        newest[one.kind] = max(newest.get(one.kind, 0), one.week_ms)
    found = [one for one in measures if one.drifted and one.week_ms == newest[one.kind]]
    return sorted(found, key=_beyond, reverse=True)


def _beyond(one: Measure) -> float:
    """How many times its limit a figure is."""
    return max(one.value / max(one.high, 1e-9), one.low / max(one.value, 1e-9))


def _limits(shape: Shape, vehicles: int, trained: int) -> Doubles:
    """The index [columns] above which a week of so many vehicles has drifted."""
    columns = max(1, len(shape.usual))
    filled = (shape.shares > 0).sum(axis=1)
    quantile = chi2.ppf(1 - CHANCE / columns, np.clip(filled - 1, 1, TENTHS))
    chance = quantile * (1 / vehicles + 1 / max(1, trained))
    return np.asarray(np.maximum.reduce([np.full(columns, RULE), MARGIN * shape.usual, chance]))


def _measures(
    week_ms: int, kind: Kind, names: Sequence[str], index: Doubles, limits: Doubles
) -> list[Measure]:
    return [
        Measure(week_ms, kind, name, value, 0.0, high, drifted=value > high)
        for name, value, high in zip(names, index.tolist(), limits.tolist(), strict=True)
    ]


def _expected(judged: Judged) -> tuple[float, float, float, float]:
    """Rows expected to fail, rows that did, the standard deviation of their difference, and about
    how many failures that is: rows of one vehicle in 30 days stand or fall together.
    """
    if not len(judged.came) or judged.time_ms is None:
        return 0.0, 0.0, 0.0, 0.0
    risk = judged.first.astype(np.float64)
    keys = judged.vehicle * (1 << 20) + judged.time_ms // _BLOCK_MS
    _, place, count = np.unique(keys, return_inverse=True, return_counts=True)
    alone = np.bincount(place, risk * (1 - risk), len(count))
    expected, came = float(risk.sum()), float(judged.came.sum(dtype=np.float64))
    rows = float(count[place].mean())
    return expected, came, sqrt(float((count * alone).sum())), max(expected, came) / rows
