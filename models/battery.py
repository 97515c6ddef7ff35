"""State of health of a lithium-ion cell from its own charges and discharges.

How much charge passes while the voltage crosses a fixed stretch of its plateau shrinks as the cell
ages (incremental capacity analysis: Dubarry and Anseau 2022 review it). Two witnesses, one stretch
while charging and one while discharging, each held against the same cell when new, so that cells
of other capacity or resistance need no data of their own. No full discharge is needed.

A witness's slope (points of health per point of its loss) is learnt from one cell or more of known
capacity. The two witnesses' disagreement on the cell at hand, which nothing on the cells learnt
from can tell, goes into the error bar.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from scipy.stats import t as student_t

from contracts.batches import Doubles, Ints
from contracts.errors import ModelError

CHARGE_V: Final = (3.8, 4.15)
DISCHARGE_V: Final = (3.8, 3.5)
"""Volts a cell (NMC, NCA, LCO chemistry) between which charge is counted."""
NEW: Final = 100.0
BLOCKS: Final = 6
"""A life is cut into so many stretches; each is predicted from the others."""
LEAST_CYCLES: Final = 30
_LEAST_AMPS: Final = 0.05
_LEVEL: Final = 0.9


@dataclass(frozen=True, eq=False)
class Passage:
    """One charge or discharge: `time_s`, `volts` of a cell and `amps` [n], whatever their sign."""

    time_s: Doubles
    volts: Doubles
    amps: Doubles


class Estimate(msgspec.Struct, frozen=True):
    """Percent of new, with the bounds that hold the true value nine times in ten.

    Nothing exceeds 100, unless the witnesses together say so beyond their error: then `reason`
    says what that may mean.
    """

    value: float
    low: float
    high: float
    reason: str = ""


class HealthModel(msgspec.Struct, frozen=True):
    """`slopes` [witnesses]; `repeatability`: error on cells learnt from, `disagreement`: how far
    witnesses usually are apart there, both in points; `factor`: how many times the error scale the
    bounds are away (see `fit_health`).
    """

    slopes: list[float]
    repeatability: float
    disagreement: float
    factor: float

    def bounds(self, passed: Doubles) -> Doubles:
        """Value, low and high [n x 3] of `passed` [n x witnesses], charge as share of that when
        new; NaN = not seen. Not limited to 100. A row without any is NaN.
        """
        told = _told(np.array(self.slopes), passed)
        value, spread = _merged(told, self.disagreement)
        scale = np.hypot(self.repeatability, spread)
        return np.column_stack([value, value - self.factor * scale, value + self.factor * scale])

    def estimate(self, passed: Doubles) -> Estimate:
        """The health told by one row `passed` [witnesses]. Raises ModelError when none is seen."""
        value, low, high = self.bounds(passed[None])[0].tolist()
        if not np.isfinite(value):
            raise ModelError(
                f"no charge from {CHARGE_V[0]} to {CHARGE_V[1]} V and no discharge from "
                f"{DISCHARGE_V[0]} to {DISCHARGE_V[1]} V a cell was seen; health can't be told"
            )
        if low > NEW:
            reason = (
                "more charge passes than when new, beyond the error: the first cycles were not "
                "those of a new battery, or it was replaced or recalibrated"
            )
            return Estimate(value, low, high, reason)
        return Estimate(min(value, NEW), max(low, 0.0), min(high, NEW))


def witnesses(charge: Passage | None, discharge: Passage | None) -> Doubles:
    """Ampere hours [2] passed in the stretch of either; NaN where it was not crossed whole."""
    found = [np.nan, np.nan]
    if charge is not None:
        found[0] = passed_between(charge, *CHARGE_V)
    if discharge is not None:
        found[1] = passed_between(discharge, *DISCHARGE_V)
    return np.array(found)


def passed_between(passage: Passage, start_v: float, end_v: float) -> float:
    """Ampere hours passed while the voltage goes from `start_v` to `end_v`, the first time each is
    reached under current; NaN when one isn't, or when the passage begins beyond the start.
    """
    flowing = np.flatnonzero(np.abs(passage.amps) > _LEAST_AMPS)
    if flowing.size < 2:
        return float("nan")
    # From rest: where the current alone lifts the voltage past the start, all charge counts.
    rows = slice(max(int(flowing[0]) - 1, 0), None)
    sign = 1.0 if end_v > start_v else -1.0
    volts = np.maximum.accumulate(sign * passage.volts[rows])
    amps, time_s = np.abs(passage.amps[rows]), passage.time_s[rows]
    steps = (amps[1:] + amps[:-1]) / 2 * np.diff(time_s) / 3_600
    charge = np.concatenate([[0.0], np.cumsum(steps)])
    at = [_crossing(volts, charge, sign * volt) for volt in (start_v, end_v)]
    return at[1] - at[0]


def new_level(passed: Doubles) -> Doubles:
    """The witnesses [w] of a new cell: medians over its first cycles [n x w]."""
    with np.errstate(all="ignore"):
        return np.array([_median(column) for column in passed.T])


def fit_health(cells: Sequence[tuple[Doubles, Doubles]]) -> HealthModel:
    """The model of cells given as (`passed` [n x witnesses] as share of new, `health` [n] in
    percent of new), each in order of time. Raises ModelError with too few cycles.

    Slopes pass through 100 at no loss. Stretches of a life stand for cells not seen (there are too
    few cells for cells to), each predicted from the others. `factor` is the largest of their
    errors, in units of the error scale, but at least Student's t for so few stretches: below nine
    of them, their largest error alone doesn't bound nine in ten (conformal prediction).
    """
    passed = np.concatenate([cell[0] for cell in cells])
    health = np.concatenate([cell[1] for cell in cells])
    if len(health) < LEAST_CYCLES:
        raise ModelError(f"{len(health)} cycles of known capacity are too few; {LEAST_CYCLES} do")
    slopes = _slopes(passed, health)
    value, spread = _merged(_told(slopes, passed), np.nan)
    repeatability = float(np.sqrt(np.nanmean((value - health) ** 2)))
    disagreement = float(np.nanmedian(spread)) if np.isfinite(spread).any() else 2 * repeatability
    blocks = [block for cell in _places(cells) for block in np.array_split(cell, BLOCKS)]
    errors = []
    for block in blocks:
        rest = np.setdiff1d(np.arange(len(health)), block)
        told = _told(_slopes(passed[rest], health[rest]), passed[block])
        value, spread = _merged(told, disagreement)
        error = np.abs(value - health[block]) / np.hypot(repeatability, spread)
        errors.append(np.nanquantile(error, _LEVEL))
    place = min(int(np.ceil(_LEVEL * (len(errors) + 1))), len(errors)) - 1
    least = float(student_t.ppf((1 + _LEVEL) / 2, len(errors) - 1))
    factor = max(float(np.sort(errors)[place]), least)
    return HealthModel(slopes.tolist(), repeatability, disagreement, factor)


def _places(cells: Sequence[tuple[Doubles, Doubles]]) -> list[Ints]:
    ends = np.cumsum([len(health) for _, health in cells])
    return np.split(np.arange(ends[-1]), ends[:-1])


def _slopes(passed: Doubles, health: Doubles) -> Doubles:
    """Points of health lost per part of charge lost [witnesses], least squares through new."""
    found = []
    for column in passed.T:
        known = np.isfinite(column) & np.isfinite(health)
        loss = column[known] - 1
        found.append(float(loss @ (health[known] - NEW) / max(float(loss @ loss), 1e-12)))
    return np.array(found)


def _told(slopes: Doubles, passed: Doubles) -> Doubles:
    """What each witness says [n x witnesses]."""
    return np.asarray(NEW + slopes * (passed - 1))


def _merged(told: Doubles, alone: float) -> tuple[Doubles, Doubles]:
    """The witnesses' mean [n], and how far they are apart [n]; `alone` where there is only one."""
    count = np.isfinite(told).sum(axis=1)
    value = np.nansum(told, axis=1) / np.where(count, count, np.nan)
    squares = np.nansum((told - value[:, None]) ** 2, axis=1)
    spread = np.sqrt(squares / np.maximum(count - 1, 1))
    return value, np.where(count > 1, spread, alone)


def _crossing(volts: Doubles, charge: Doubles, wanted: float) -> float:
    """Charge at which rising `volts` first reach `wanted`; NaN if never, or from the beginning."""
    place = int(np.searchsorted(volts, wanted))
    if place in {0, len(volts)}:
        return float("nan")
    share = (wanted - volts[place - 1]) / (volts[place] - volts[place - 1])
    return float(charge[place - 1] + share * (charge[place] - charge[place - 1]))


def _median(column: Doubles) -> float:
    known = column[np.isfinite(column)]
    return float(np.median(known)) if known.size else float("nan")
