"""What lies about a vehicle: sensors that stick, drift or drop out, silence, false fault codes."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from contracts.batches import Flags, Floats, Ints
from ingest.simulator.kinds import ModeModel
from ingest.simulator.seeds import generator
from ingest.simulator.spec import DAY_MS, FleetSpec
from ingest.simulator.vehicle import Vehicle
from ingest.simulator.workshop import Stay

SENSOR_FAULTS_A_YEAR: Final = 0.6
SILENCES_A_YEAR: Final = 0.5
FALSE_CODES_A_YEAR: Final = 0.5
CODE_REPEAT_MS: Final = 5 * DAY_MS
"""A code that stands is not reported again for this long."""
_KINDS: Final = ("stuck", "drift", "offset", "dropout")
_YEAR_DAYS: Final = 365.0


@dataclass(frozen=True)
class SensorFault:
    """One signal is wrong from `since_ms` to `until_ms`; `size` in frame deviations."""

    signal: int
    kind: Literal["stuck", "drift", "offset", "dropout"]
    since_ms: int
    until_ms: int
    size: float

    def holds(self, time_ms: int) -> bool:
        """Whether the signal is wrong at this moment."""
        return self.since_ms <= time_ms < self.until_ms


def sensor_faults(spec: FleetSpec, vehicle: Vehicle) -> list[SensorFault]:
    """The vehicle's sensor faults, in order of start."""
    rng = generator(spec.seed, vehicle.kind.name, vehicle.index, "sensors")
    faults: list[SensorFault] = []
    for start in _moments(spec, rng, SENSOR_FAULTS_A_YEAR):
        days = float(np.clip(rng.lognormal(np.log(5), 0.8), 0.5, 40))
        sign = 1 if rng.random() < 0.5 else -1
        faults.append(
            SensorFault(
                signal=int(rng.integers(len(vehicle.kind.signals))),
                kind=_KINDS[int(rng.integers(len(_KINDS)))],
                since_ms=int(start),
                until_ms=int(start + days * DAY_MS),
                size=sign * float(rng.uniform(1.5, 6)),
            )
        )
    return faults


def silences(spec: FleetSpec, vehicle: Vehicle, time_ms: Ints) -> Flags:
    """Which frames [n] were lost with the signal, for one to eight days at a time."""
    rng = generator(spec.seed, vehicle.kind.name, vehicle.index, "silence")
    lost = np.zeros(len(time_ms), np.bool_)
    for start in _moments(spec, rng, SILENCES_A_YEAR):
        end = start + rng.uniform(1, 8) * DAY_MS
        lost |= (time_ms >= start) & (time_ms < end)
    return lost


def true_codes(
    spec: FleetSpec, vehicle: Vehicle, stay: Stay, severity: Floats, time_ms: Ints
) -> list[tuple[int, str]]:
    """Codes (time, code) that a defect sets, given its stay's severities and times; often none."""
    mode: ModeModel = vehicle.kind.modes[stay.mode]
    if stay.part.mute or not len(severity):
        return []
    names = ("codes", mode.name, stay.number)
    rng = generator(spec.seed, vehicle.kind.name, vehicle.index, *names)
    found: list[tuple[int, str]] = []
    for code in mode.codes:
        ripe = np.clip((severity - code.level) / (1 - code.level), 0, 1)
        chance = ripe * code.per_day / vehicle.kind.frames_per_day
        hits = np.flatnonzero(rng.random(len(severity)) < chance)
        found += [(int(moment), code.code) for moment in _thinned(time_ms[hits])]
    return found


def false_codes(spec: FleetSpec, vehicle: Vehicle, time_ms: Ints) -> list[tuple[int, str]]:
    """Codes (time, code) without a defect, at frames that were driven."""
    rng = generator(spec.seed, vehicle.kind.name, vehicle.index, "false codes")
    codes = sorted({code.code for mode in vehicle.kind.modes for code in mode.codes})
    rows = np.searchsorted(time_ms, _moments(spec, rng, FALSE_CODES_A_YEAR))
    picks = rng.integers(len(codes), size=len(rows))
    return [
        (int(time_ms[row]), codes[pick])
        for row, pick in zip(rows, picks, strict=True)
        if row < len(time_ms)
    ]


def _moments(spec: FleetSpec, rng: np.random.Generator, a_year: float) -> Ints:
    count = rng.poisson(a_year * spec.days / _YEAR_DAYS)
    moments = spec.start_ms + np.sort(rng.uniform(0, spec.days, count)) * DAY_MS
    return np.asarray(moments, np.int64)


def _thinned(times: Ints) -> list[int]:
    kept: list[int] = []
    for moment in times:
        if not kept or moment - kept[-1] >= CODE_REPEAT_MS:
            kept.append(int(moment))
    return kept
