"""Where symptoms show and what wears parts: functions of the driving conditions, about 0 to 1.5."""

import numpy as np

from contracts.batches import Floats
from ingest.simulator.usage import Usage


def _ramp(values: Floats, low: float, high: float, most: float = 1.5) -> Floats:
    return np.asarray(np.clip((values - low) / (high - low), 0, most), np.float32)


def always(u: Usage) -> Floats:
    """Everywhere."""
    return np.ones(len(u), np.float32)


def cold(u: Usage) -> Floats:
    """Frost: 0 above 25 °C, 1 at 5 °C."""
    return _ramp(-u.air, -25, -5)


def heat(u: Usage) -> Floats:
    """Hot weather: 0 below 0 °C, 1 at 25 °C."""
    return _ramp(u.air, 0, 25)


def pulling(u: Usage) -> Floats:
    """High load: 0 at 15, 1 at 42 percent of full power."""
    return _ramp(u.load, 0.15, 0.42)


def idling(u: Usage) -> Floats:
    """Low load: 1 at a tenth, 0 at half of full power."""
    return _ramp(-u.load, -0.5, -0.1)


def hot_climb(u: Usage) -> Floats:
    """High load in hot weather, engine warm."""
    return np.asarray(pulling(u) * (0.5 + 0.5 * heat(u)) * u.warm, np.float32)


def cool_cruise(u: Usage) -> Floats:
    """Cold wind on a radiator that should not be open: cold, light load, speed."""
    shown = (0.4 + 0.6 * cold(u)) * (0.4 + 0.6 * idling(u)) * (0.5 + u.speed / 160)
    return np.asarray(shown, np.float32)


def fast(u: Usage) -> Floats:
    """Speed: 0 standing, 1 at 80 km/h."""
    return _ramp(u.speed, 0, 80)


def braking(u: Usage) -> Floats:
    """Braking work, 1 for an average frame in town."""
    return np.asarray(u.braking / 0.45, np.float32)


def rubbing(u: Usage) -> Floats:
    """A brake that doesn't let go: a little always, more after braking and with speed."""
    return np.asarray(0.35 + 0.4 * braking(u) + 0.35 * fast(u), np.float32)


def damp(u: Usage) -> Floats:
    """Humid air: 0 at 50 percent, 1 at 85 percent."""
    return _ramp(u.humidity, 50, 85)


def night_and_cold(u: Usage) -> Floats:
    """Many electric consumers: heaters in the cold, a low engine speed that charges little."""
    return np.asarray(0.3 + 0.5 * cold(u) + 0.4 * idling(u), np.float32)


def deep_current(u: Usage) -> Floats:
    """Current through the traction battery, worse near empty."""
    return np.asarray((0.25 + pulling(u)) * (0.7 + 0.5 * _ramp(-u.charge, -60, -10)), np.float32)


def first_minutes(u: Usage) -> Floats:
    """Just after the start: 1 at once, gone after an hour."""
    return np.asarray(np.exp(-u.trip_s / 1_500), np.float32)


def work(u: Usage) -> Floats:
    """Work done, 1 on average."""
    return np.asarray(0.35 + 2.0 * u.load, np.float32)


def hot_work(u: Usage) -> Floats:
    """Work in heat, about 1 on average."""
    return np.asarray((0.35 + 2.0 * u.load) * (0.7 + 0.5 * heat(u)), np.float32)


def battery_stress(u: Usage) -> Floats:
    """Heat ages a battery, frost strains it, starts cost."""
    return np.asarray(0.6 + 0.4 * heat(u) ** 2 + 0.4 * cold(u), np.float32)


def town_work(u: Usage) -> Floats:
    """Short cold trips in town: soot and dirt; about 1 on average."""
    return np.asarray(0.5 + 0.8 * first_minutes(u) + 0.6 * _ramp(-u.speed, -90, -20), np.float32)


def brake_work(u: Usage) -> Floats:
    """Braking, about 1 on average."""
    return np.asarray(0.3 + 0.95 * braking(u), np.float32)


def rolling(u: Usage) -> Floats:
    """Distance times load on rough roads, about 1 on average."""
    return np.asarray((0.25 + fast(u)) * (0.7 + 0.3 * u.payload + 0.4 * u.roughness), np.float32)


def damp_work(u: Usage) -> Floats:
    """Wet weather, about 1 on average."""
    return np.asarray(0.4 + 0.9 * damp(u), np.float32)
