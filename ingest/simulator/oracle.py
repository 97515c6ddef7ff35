"""What one could know at best: the chance of a failure given the hidden state, not the future.

Known: the part's age, the severity and growth of its defect, the vehicle's usual exposure a day,
the laws of chance. Unknown: the part's strength, when a sound part's defect starts, and shocks.
"""

from typing import Final

import numpy as np
from numpy.polynomial.legendre import leggauss

from contracts.batches import Doubles, Ints
from ingest.simulator.kinds import GROWTH_POWER, ModeModel
from ingest.simulator.life import Life
from ingest.simulator.parts import (
    GROWTH_SPREAD,
    ONSET_SHAPE,
    STRENGTH_SPREAD,
    Part,
)
from ingest.simulator.spec import DAY_MS, FleetSpec
from ingest.simulator.workshop import Stay

_NODES, _WEIGHTS = leggauss(12)
_DELAY_SPREAD: Final = float(np.hypot(GROWTH_SPREAD, STRENGTH_SPREAD / GROWTH_POWER))
_TINY: Final = 1e-12


def risk(spec: FleetSpec, life: Life, mode: int, time_ms: Ints, horizon_days: float) -> Doubles:
    """Probability [n] that `mode` fails within the horizon after `time_ms` [n]; NaN while the
    vehicle stands for a repair of that part.
    """
    exposure = life.exposure[mode]
    times = life.usage.time_ms
    now = np.interp(time_ms, times, exposure)
    daily = exposure[-1] / ((times[-1] - spec.start_ms) / DAY_MS)
    ahead = horizon_days * daily
    found = np.full(len(time_ms), np.nan)
    for stay in life.book.stays:
        if stay.mode == mode:
            rows = _inside(life, stay, time_ms)
            model = life.vehicle.kind.modes[mode]
            found[rows] = _part_risk(model, stay.part, now[rows], ahead)
    return found


def _inside(life: Life, stay: Stay, time_ms: Ints) -> Ints:
    """Rows of `time_ms` [n] at which the part is in place and whole."""
    start = 0 if stay.number == 0 else life.usage.time_ms[stay.first]
    end = stay.ended_ms if stay.cause != "none" else np.iinfo(np.int64).max
    return np.flatnonzero((time_ms >= start) & (time_ms < end))


def _part_risk(model: ModeModel, part: Part, now: Doubles, ahead: float) -> Doubles:
    worn = np.where(
        now >= part.onset,
        _breaks(part, now, ahead),
        _starts_and_breaks(model, now - part.installed, ahead),
    )
    shock = -np.expm1(-ahead * model.shocks / 1_000)
    return np.asarray(1 - (1 - worn) * (1 - shock))


def _breaks(part: Part, now: Doubles, ahead: float) -> Doubles:
    """A defect is there: its severity passes the strength, which it has not passed yet."""
    holds_now = _strength_above(part.severity(now))
    return 1 - _strength_above(part.severity(now + ahead)) / np.maximum(holds_now, _TINY)


def _starts_and_breaks(model: ModeModel, age: Doubles, ahead: float) -> Doubles:
    """The part is sound: a defect starts and breaks it, integrated over the start."""
    found = np.zeros_like(age)
    for node, weight in zip((_NODES + 1) / 2 * ahead, _WEIGHTS / 2 * ahead, strict=True):
        lived = np.maximum(age + node, 0) / model.onset_days
        hazard = ONSET_SHAPE / model.onset_days * lived ** (ONSET_SHAPE - 1)
        left = np.log((ahead - node) / model.growth_days) / _DELAY_SPREAD
        found += weight * hazard * _normal(left)
    return found


def _strength_above(severity: Doubles) -> Doubles:
    with np.errstate(divide="ignore"):
        return 1 - _normal(np.log(severity) / STRENGTH_SPREAD)


def _normal(z: Doubles | float) -> Doubles:
    """Standard normal distribution function (Abramowitz and Stegun 26.2.17, error < 7.5e-8)."""
    size = np.abs(np.asarray(z, np.float64))
    size = np.minimum(size, 38.0)
    t = 1 / (1 + 0.2316419 * size)
    series = t * (
        0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429)))
    )
    tail = np.exp(-size * size / 2) / np.sqrt(2 * np.pi) * series
    return np.asarray(np.where(np.asarray(z) >= 0, 1 - tail, tail))
