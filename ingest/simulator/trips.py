"""How a vehicle is driven: days, trips, and the conditions of every frame."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from contracts.batches import Floats, Ints
from ingest.simulator.climate import weather
from ingest.simulator.seeds import generator
from ingest.simulator.spec import DAY_MS, FRAME_PERIOD_MS, FleetSpec
from ingest.simulator.usage import Usage
from ingest.simulator.vehicle import Vehicle

_HOUR_MS: Final = 3_600_000
_ROUTE_SD: Final = np.array([9.0, 13.0, 10.0])


@dataclass(frozen=True, eq=False)
class _Trips:
    """Trips: start, route (0 town, 1 country, 2 motorway) and number of frames."""

    start_ms: Ints
    route: Ints
    frames: Ints


def plan_usage(spec: FleetSpec, vehicle: Vehicle) -> Usage:
    """All that the vehicle would drive if it never stood in a workshop."""
    rng = generator(spec.seed, vehicle.kind.name, vehicle.index, "usage")
    trips = _plan_trips(spec, vehicle, rng)
    owner = np.repeat(np.arange(len(trips.frames)), trips.frames)
    first = np.cumsum(trips.frames) - trips.frames
    position = np.arange(len(owner)) - first[owner]
    into_ms = (rng.random(len(owner)) * 0.9 + position) * FRAME_PERIOD_MS
    time_ms = trips.start_ms[owner] + into_ms.astype(np.int64)
    air, humidity = weather(vehicle.climate, vehicle.weather_phases, time_ms)
    day = time_ms // DAY_MS
    start_air = air[first][owner]
    return Usage(
        time_ms=time_ms,
        trip_s=(into_ms / 1_000).astype(np.float32),
        soak_c=_soak(trips, start_air, owner, rng),
        air=air,
        humidity=humidity,
        charge=_charge(trips, position, owner, rng),
        last_of_day=np.append(day[1:] != day[:-1], True),
        **_conditions(vehicle, trips, owner, rng),
    )


def _plan_trips(spec: FleetSpec, vehicle: Vehicle, rng: np.random.Generator) -> _Trips:
    kind = vehicle.kind
    slots = len(kind.slot_hours)
    days = np.arange(spec.days)
    weekend = ((spec.start_ms // DAY_MS + days + 3) % 7) >= 5
    chance = np.where(weekend, kind.weekend_share, 0.93)
    used = (rng.random((spec.days, 1)) < chance[:, None]) & (
        rng.random((spec.days, slots)) < kind.slot_share
    )
    hours = np.array(kind.slot_hours) + rng.random((spec.days, slots))
    start = spec.start_ms + days[:, None] * DAY_MS + hours * _HOUR_MS
    frames = 1 + rng.poisson(kind.trip_frames * vehicle.activity, (spec.days, slots))
    route = rng.choice(3, size=(spec.days, slots), p=vehicle.routes / vehicle.routes.sum())
    frames = np.minimum(frames, kind.trip_most)
    return _Trips(start[used].astype(np.int64), route[used], frames[used])


def _soak(trips: _Trips, start_air: Floats, owner: Ints, rng: np.random.Generator) -> Floats:
    """Engine temperature at the trip's start: it cools with a time constant of two hours."""
    end = trips.start_ms + trips.frames * FRAME_PERIOD_MS
    stood_h = np.append(12.0, (trips.start_ms[1:] - end[:-1]) / _HOUR_MS)
    left = (0.8 + 0.2 * rng.random(len(stood_h))) * np.exp(-stood_h / 2.0)
    return np.asarray(start_air + (85.0 - start_air) * left[owner], np.float32)


def _charge(trips: _Trips, position: Ints, owner: Ints, rng: np.random.Generator) -> Floats:
    """State of charge: a random fill at the start of a trip, less 3.5 points a frame."""
    start = rng.uniform(45, 96, len(trips.frames))
    used = 3.5 * (position + rng.random(len(owner)))
    return np.clip(start[owner] - used, 6, 100).astype(np.float32)


def _conditions(
    vehicle: Vehicle, trips: _Trips, owner: Ints, rng: np.random.Generator
) -> dict[str, Floats]:
    n = len(owner)
    kind = vehicle.kind
    route = trips.route[owner]
    payload = np.clip(rng.normal(vehicle.payload, 0.25, len(trips.route)), 0, 1)[owner]
    grade = rng.normal(0, 1, n)
    drive = rng.normal(0, 1, n)
    jam = rng.random(n) < np.array([0.18, 0.05, 0.06])[route]
    speed = np.array(kind.route_speeds)[route] + _ROUTE_SD[route] * drive * kind.speed_spread
    speed = np.where(jam, rng.uniform(2, 14, n), np.clip(speed, 8, kind.top_speed))
    pull = 0.18 + 0.0021 * speed + 0.07 * grade + 0.12 * (vehicle.style - 0.5)
    pull += kind.payload_pull * (payload - 0.5) + 0.03 * drive + np.where(jam, 0.06, 0.0)
    stops = np.array([0.55, 0.3, 0.12])[route]
    braking = stops * (0.5 + vehicle.style) * rng.gamma(14, 1 / 14, n) * (0.8 + 0.4 * payload)
    rough = rng.normal(np.array([0.5, 0.4, 0.2])[route] + 0.5 * (vehicle.roads - 0.4), 0.1)
    arrays = {
        "speed": speed,
        "load": np.clip(pull, 0.06, 0.97),
        "braking": np.clip(braking, 0, 1.5),
        "payload": payload,
        "roughness": np.clip(rough, 0, 1),
        "drive": drive,
    }
    return {name: array.astype(np.float32) for name, array in arrays.items()}
