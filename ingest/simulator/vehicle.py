"""One vehicle: where it lives, how it is driven, how its sensors differ from the norm."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from contracts.batches import Floats
from contracts.records import VehicleEvent
from ingest.simulator.climate import CLIMATES, Climate
from ingest.simulator.kinds import Kind
from ingest.simulator.seeds import generator
from ingest.simulator.spec import FleetSpec

_LETTERS: Final = "ABCDEFGHJKLMNPRSTUVWXYZ"
_SLOW_WAVES: Final = 4


@dataclass(frozen=True, eq=False)
class Vehicle:
    """Traits that stay: `style` 0 gentle to 1 hard; `routes` the shares of town, country road and
    motorway; `activity` how much it drives (1 = average); `payload` 0 to 1; `roads` how rough.
    `offsets` [K] are its sensors' calibration errors; `waves` [2, K, 4] phase (radians) and period
    (days) of their slow wandering, in standard deviations of the signal's table.
    """

    index: int
    vehicle_id: str
    kind: Kind
    climate: Climate
    weather_phases: Floats
    style: float
    routes: Floats
    activity: float
    payload: float
    roads: float
    offsets: Floats
    waves: Floats
    odometer_km: int


def make_vehicle(spec: FleetSpec, kind: Kind, index: int, number: int) -> Vehicle:
    """The `index`th vehicle of its profile, `number`th of the fleet."""
    rng = generator(spec.seed, kind.name, index, "traits")
    signals = len(kind.signals)
    town = rng.dirichlet(kind.routes)
    return Vehicle(
        index=index,
        vehicle_id=f"V{number:04d}",
        kind=kind,
        climate=CLIMATES[rng.integers(len(CLIMATES))],
        weather_phases=rng.uniform(0, 2 * np.pi, (2, 4)).astype(np.float32),
        style=float(rng.beta(2, 2)),
        routes=town.astype(np.float32),
        activity=float(np.clip(rng.lognormal(0, 0.25), 0.5, 1.9)),
        payload=float(rng.beta(2, 2)),
        roads=float(rng.beta(2, 3)),
        offsets=np.clip(rng.standard_normal(signals), -2.5, 2.5).astype(np.float32),
        waves=np.stack(
            [
                rng.uniform(0, 2 * np.pi, (signals, _SLOW_WAVES)),
                np.exp(rng.uniform(np.log(9), np.log(140), (signals, _SLOW_WAVES))),
            ]
        ).astype(np.float32),
        odometer_km=int(rng.uniform(5_000, 120_000) * kind.odometer_scale),
    )


def registration(spec: FleetSpec, vehicle: Vehicle) -> VehicleEvent:
    """The event that introduces the vehicle at the start of the span."""
    rng = generator(spec.seed, vehicle.kind.name, vehicle.index, "papers")
    letters = "".join(_LETTERS[i] for i in rng.integers(len(_LETTERS), size=4))
    digits = "".join(str(i) for i in rng.integers(10, size=9))
    models = vehicle.kind.models
    return VehicleEvent(
        spec.tenant,
        vehicle.kind.name,
        vehicle.vehicle_id,
        spec.start_ms,
        "registration",
        f"{vehicle.climate.depot[:1].upper()} {letters[:2]} {digits[:4]}",
        {
            "vin": f"SIM{letters}0{digits}",
            "plate": f"{vehicle.climate.depot[:1].upper()} {letters[:2]} {digits[:4]}",
            "model": models[int(rng.integers(len(models)))],
            "depot": vehicle.climate.depot,
            "odometer_km": str(vehicle.odometer_km),
        },
    )
