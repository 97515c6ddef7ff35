"""State of health of a vehicle's traction battery, from the charges that its telemetry shows.

The estimator of models/battery.py with one witness, the stretch while charging: on the road the
current changes too often for the other. What is new is what the first charges were, so 100 means
new only where the battery was; charges at another current than those are left out, since the
voltage under current lies elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from contracts.batches import Doubles, Ints
from contracts.errors import ModelError
from models.battery import CHARGE_V, Estimate, HealthModel, Passage, new_level, witnesses

LABORATORY: Final = HealthModel([55.965, 0.0], 2.243, 4.486, 1.796)
"""Learnt from the charges of NASA's cells B0005 and B0006. One witness alone: its error is taken as
twice as much again, so that health lies within 9 points nine times in ten. Learnt from one of the
two and asked about the other in frames of a minute it was 2 to 3 points off (RMSE), within its
bounds always (tests/models/test_pack.py).
"""
GAP_S: Final = 300.0
"""A longer pause between frames ends a charge; a frame is at most 60 s long."""
FIRST: Final = 5
LATEST: Final = 3
LEAST: Final = FIRST + 1
"""Charges that tell: the first say what new is, the newest what is left."""
_ALIKE: Final = 0.3
_LEAST_FRAMES: Final = 8


@dataclass(frozen=True)
class Charge:
    """A charge that began at `start_ms`: mean current in A, and ampere hours passed in the stretch
    of voltage that tells health.
    """

    start_ms: int
    amps: float
    passed_ah: float


@dataclass(frozen=True)
class PackHealth:
    """Percent of what the charges since `first_ms` say was new, told by the newest ones, the last
    of which began at `last_ms`.
    """

    estimate: Estimate
    first_ms: int
    last_ms: int


def charges_of(time_ms: Ints, volts: Doubles, amps: Doubles) -> list[Charge]:
    """The charges that cross the stretch whole, of frames [n] under charging current in order of
    time: `volts` a cell, `amps` above 0.
    """
    ends = np.flatnonzero(np.diff(time_ms) > GAP_S * 1_000) + 1
    found = []
    for rows in np.split(np.arange(len(time_ms)), ends):
        if np.count_nonzero((volts[rows] > CHARGE_V[0]) & (volts[rows] < CHARGE_V[1])) < (
            _LEAST_FRAMES
        ):
            continue
        seconds = (time_ms[rows] - time_ms[rows[0]]) / 1_000
        passed = float(witnesses(Passage(seconds, volts[rows], amps[rows]), None)[0])
        if np.isfinite(passed):
            found.append(Charge(int(time_ms[rows[0]]), float(amps[rows].mean()), passed))
    return found


def alike(charges: Sequence[Charge]) -> list[Charge]:
    """Those at about the current of the first ones."""
    usual = float(np.median([one.amps for one in charges[:FIRST]])) if charges else 0.0
    return [one for one in charges if abs(one.amps - usual) <= _ALIKE * usual]


def pack_health(charges: Sequence[Charge], model: HealthModel = LABORATORY) -> PackHealth:
    """Health told by charges that are `alike`, in order of time. Raises ModelError for fewer than
    `LEAST`.
    """
    new, later = charges[:FIRST], charges[FIRST:]
    if not later:
        raise ModelError(
            f"{len(charges)} charges went from {CHARGE_V[0]} to {CHARGE_V[1]} V a cell at about "
            f"the same current, and it takes {LEAST}: {FIRST} to say what new is, one what is left"
        )
    level = new_level(np.array([[one.passed_ah] for one in new]))[0]
    passed = float(np.median([one.passed_ah for one in later[-LATEST:]])) / level
    told = model.estimate(np.array([passed, np.nan]))
    return PackHealth(told, new[0].start_ms, later[-1].start_ms)
