"""Firmware campaigns: new versions roll out over weeks and shift a few signals a little."""

from typing import Final

import numpy as np

from contracts.batches import Floats, Ints
from ingest.simulator.kinds import Kind
from ingest.simulator.seeds import generator
from ingest.simulator.spec import DAY_MS, FleetSpec
from ingest.simulator.vehicle import Vehicle

_CAMPAIGNS: Final = ((0.2, 0.45, "2.1"), (0.6, 0.85, "2.2"))
"""Earliest and latest start as a share of the span, and the version."""
_ROLLOUT_DAYS: Final = 40.0
_REFUSED_SHARE: Final = 0.1


def updates(spec: FleetSpec, vehicle: Vehicle) -> list[tuple[int, str]]:
    """(time, version) of the updates this vehicle gets."""
    fleet = generator(spec.seed, vehicle.kind.name, "firmware")
    own = generator(spec.seed, vehicle.kind.name, vehicle.index, "firmware")
    found = []
    for low, high, version in _CAMPAIGNS:
        day = fleet.uniform(low, high) * spec.days + own.uniform(0, _ROLLOUT_DAYS)
        if own.random() >= _REFUSED_SHARE and day < spec.days:
            found.append((spec.start_ms + int(day * DAY_MS), version))
    return found


def shifts(spec: FleetSpec, vehicle: Vehicle, time_ms: Ints) -> dict[int, Floats]:
    """Shift [n] of each recalibrated signal (by position) in its own unit."""
    sizes = _sizes(spec, vehicle.kind)
    found = {}
    for position, signal in enumerate(vehicle.kind.signals):
        if signal.path in vehicle.kind.recalibrated:
            shift = np.zeros(len(time_ms), np.float32)
            for start, version in updates(spec, vehicle):
                step = sizes[version][vehicle.kind.recalibrated.index(signal.path)]
                shift += np.where(time_ms >= start, step * signal.frame, 0).astype(np.float32)
            found[position] = shift
    return found


def _sizes(spec: FleetSpec, kind: Kind) -> dict[str, list[float]]:
    """Steps in frame deviations by version, one for each recalibrated signal."""
    rng = generator(spec.seed, kind.name, "calibration")
    signals = len(kind.recalibrated)
    return {
        version: list(rng.uniform(0.3, 1.0, signals) * rng.choice([-1, 1], signals))
        for _, _, version in _CAMPAIGNS
    }
