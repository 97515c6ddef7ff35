"""What the sensors say: the levels of every frame, and the ripple of the samples around them.

A frame's samples are `level + ripple * pattern`, the patterns drawn once for all. So a frame's
summary follows in closed form, and the samples need not be made where only summaries are wanted.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.batches import Floats, Ints
from ingest.simulator.faults import SensorFault, sensor_faults
from ingest.simulator.firmware import shifts
from ingest.simulator.life import Life
from ingest.simulator.seeds import generator
from ingest.simulator.spec import DAY_MS, SAMPLES, FleetSpec
from ingest.simulator.usage import Usage
from ingest.simulator.vehicle import Vehicle

_PATTERNS: Final = 1_024
_BOUND: Final = 2.5
_STRIDE: Final = 61
_BLOCK_MS: Final = 28 * DAY_MS
_PADS_NEW: Final = 8.0
_PADS_SPAN: Final = 62.0
_DROPPED_SHARE: Final = 0.6


@dataclass(frozen=True, eq=False)
class Observed:
    """Frames as the sensors give them: `level` and `ripple` [K x n] (NaN level = missing),
    `pattern` [K x n] rows of `patterns()`; `time_ms`, `seq` [n].
    """

    vehicle: Vehicle
    time_ms: Ints
    seq: Ints
    level: Floats
    ripple: Floats
    pattern: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.time_ms)


@cache
def patterns() -> Floats:
    """[2 x 1024 patterns x 30 samples]: first white noise, then wandering ones, within ±2.5."""
    rng = generator(0, "patterns")
    white = rng.standard_normal((_PATTERNS, SAMPLES))
    wander = np.cumsum(rng.standard_normal((_PATTERNS, SAMPLES)), axis=1)
    wander -= wander.mean(axis=1, keepdims=True)
    wander /= wander.std(axis=1, keepdims=True)
    both = np.clip(np.concatenate([white, wander]), -_BOUND, _BOUND)
    return np.asarray(both, np.float32)


def observe(spec: FleetSpec, life: Life, since_ms: int, until_ms: int) -> Observed:
    """The frames sent in [since, until). Depends on nothing but the life."""
    vehicle, times = life.vehicle, life.usage.time_ms
    faults = sensor_faults(spec, vehicle)
    reach = since_ms
    for fault in reversed(faults):
        reach = fault.since_ms if fault.holds(reach) else reach
    low, high = (int(i) for i in np.searchsorted(times, (reach, until_ms)))
    usage = _slice(life.usage, low, high)
    level = _healthy(life, usage, low, high)
    noise, draw = _noise(spec, life, low, high)
    _scatter(spec, vehicle, level, usage.time_ms, noise)
    _show_symptoms(life, level, usage, low)
    table = np.array([signal.ripple for signal in vehicle.kind.signals], np.float32)
    ripple = np.repeat(table[:, None], len(usage), axis=1)
    for fault in faults:
        _break(vehicle, fault, level[fault.signal], ripple[fault.signal], usage.time_ms, draw)
    _bound(vehicle, level, ripple)
    kept = np.flatnonzero(life.sent[low:high] & (usage.time_ms >= since_ms))
    return Observed(
        vehicle,
        usage.time_ms[kept],
        life.seq[low:high][kept],
        level[:, kept],
        ripple[:, kept],
        _rows(vehicle, draw[kept]),
    )


def _slice(usage: Usage, low: int, high: int) -> Usage:
    arrays = {name: getattr(usage, name)[low:high] for name in Usage.__dataclass_fields__}
    return Usage(**arrays)


def _healthy(life: Life, usage: Usage, low: int, high: int) -> Floats:
    values = life.vehicle.kind.levels(usage, _pad_wear(life)[low:high])
    level = np.empty((len(life.vehicle.kind.signals), len(usage)), np.float32)
    for row, signal in zip(level, life.vehicle.kind.signals, strict=True):
        row[:] = values[signal.path]
    return level


def _pad_wear(life: Life) -> Floats:
    """Wear of the pads in percent: from new to due for renewal, with the brake's exposure."""
    wear = np.zeros(len(life.usage), np.float32)
    for stay in life.book.stays:
        mode = life.vehicle.kind.modes[stay.mode]
        if mode.renewal_days:
            used = life.exposure[stay.mode, stay.first :] - stay.part.installed
            wear[stay.first :] = _PADS_NEW + _PADS_SPAN * used / mode.renewal_days
    return np.minimum(wear, 92)


def _noise(
    spec: FleetSpec, life: Life, low: int, high: int
) -> tuple[Floats, npt.NDArray[np.int32]]:
    """Normal noise [K x n] and a pattern number [n]: drawn by blocks of four weeks, so that a
    late window needs no earlier one.
    """
    times, vehicle = life.usage.time_ms, life.vehicle
    signals = len(vehicle.kind.signals)
    noise = np.empty((high - low, signals), np.float32)
    draw = np.empty(high - low, np.int32)
    row = low
    while row < high:
        block = int((times[row] - spec.start_ms) // _BLOCK_MS)
        edges = spec.start_ms + np.array([block, block + 1]) * _BLOCK_MS
        start, end = (int(i) for i in np.searchsorted(times, edges))
        rng = generator(spec.seed, vehicle.kind.name, vehicle.index, "noise", block)
        part = rng.standard_normal((end - start, signals), np.float32)
        picks = rng.integers(_PATTERNS, size=end - start, dtype=np.int32)
        stop = min(end, high)
        noise[row - low : stop - low] = part[row - start : stop - start]
        draw[row - low : stop - low] = picks[row - start : stop - start]
        row = stop
    return noise.T, draw


def _scatter(
    spec: FleetSpec, vehicle: Vehicle, level: Floats, time_ms: Ints, noise: Floats
) -> None:
    """Add calibration errors, slow wandering, frame noise and firmware shifts in place."""
    table = vehicle.kind.signals
    frame, slow, offset = (
        np.array([getattr(signal, name) for signal in table], np.float32)[:, None]
        for name in ("frame", "slow", "offset")
    )
    level += frame * noise
    level += offset * vehicle.offsets[:, None]
    if len(time_ms):
        level += slow * _wander(spec, vehicle, time_ms)
    for row, shift in shifts(spec, vehicle, time_ms).items():
        level[row] += shift


def _wander(spec: FleetSpec, vehicle: Vehicle, time_ms: Ints) -> Floats:
    """Slow wandering [K x n], of standard deviation 1, in daily steps."""
    day = (time_ms - spec.start_ms) // DAY_MS
    days = np.arange(day[0], day[-1] + 1, dtype=np.float32)
    phase, period = vehicle.waves
    turns = (2 * np.pi / period)[:, :, None] * days + phase[:, :, None]
    waves = np.sin(turns).sum(axis=1) * np.sqrt(2 / phase.shape[1])
    return np.asarray(waves[:, day - day[0]], np.float32)


def _show_symptoms(life: Life, level: Floats, usage: Usage, low: int) -> None:
    rows = {signal.path: row for row, signal in enumerate(life.vehicle.kind.signals)}
    for stay in life.book.stays:
        start, end = max(stay.first - low, 0), min(stay.end - low, len(usage))
        onset = int(np.searchsorted(life.exposure[stay.mode], stay.part.onset)) - low
        start = max(start, onset)
        if start >= end:
            continue
        severity = stay.part.severity(life.exposure[stay.mode, start + low : end + low])
        part = _slice(usage, start, end)
        symptoms = life.vehicle.kind.modes[stay.mode].symptoms
        for symptom, strength in zip(symptoms, stay.part.expression, strict=True):
            shift = symptom.size * strength * severity * symptom.shape(part)
            level[rows[symptom.path], start:end] += shift.astype(np.float32)


def _bound(vehicle: Vehicle, level: Floats, ripple: Floats) -> None:
    """Keep every sample possible: levels within the catalogue's limits, ripples within the room."""
    for row, signal in enumerate(vehicle.kind.signals):
        low, high = signal.spec.low, signal.spec.high
        np.clip(level[row], low, high, out=level[row])
        room = np.minimum(level[row] - low, high - level[row]) / (_BOUND * 1.001)
        np.minimum(room, ripple[row], out=ripple[row])


def _break(
    vehicle: Vehicle,
    fault: SensorFault,
    level: Floats,
    ripple: Floats,
    time_ms: Ints,
    draw: npt.NDArray[np.int32],
) -> None:
    """Falsify one signal's levels and ripples [n] in place while the fault lasts."""
    hit = np.flatnonzero((time_ms >= fault.since_ms) & (time_ms < fault.until_ms))
    if not hit.size:
        return
    signal = vehicle.kind.signals[fault.signal]
    unit = fault.size * max(signal.frame, 0.3 * signal.ripple)
    if fault.kind == "dropout":
        level[hit[draw[hit] < _DROPPED_SHARE * _PATTERNS]] = np.nan
    elif fault.kind == "stuck":
        level[hit], ripple[hit] = level[hit[0]], 0.0
    elif fault.kind == "offset":
        level[hit] += unit
    else:
        share = (time_ms[hit] - fault.since_ms) / (fault.until_ms - fault.since_ms)
        level[hit] += (unit * share).astype(np.float32)


def _rows(vehicle: Vehicle, draw: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Rows of `patterns()` [K x n]: signals that follow the driver share one, the others don't."""
    follows = np.array([signal.follows == "drive" for signal in vehicle.kind.signals])
    own = (draw + _STRIDE * np.arange(len(follows), dtype=np.int32)[:, None]) % _PATTERNS
    return np.where(follows[:, None], draw + _PATTERNS, own).astype(np.int32)
