"""A tiny fleet on the small profile whose parts heat up, or lose voltage, before they fail."""

import numpy as np

from contracts.batches import Summaries
from contracts.records import VehicleEvent
from models.bundle import Bundle
from models.calibration import Calibration
from models.fit import Trees
from models.hazard import HazardModel
from models.memory_history import MemoryHistory
from models.table import Scope
from models.training import Options
from tests.features.logs import DAY, PROFILE, START

NOW = 1_750_000_000_000
UNTIL = START + 240 * DAY
SCOPE = Scope("default", START, UNTIL)
QUICK = Options(tenant="default", trees=Trees(rounds=25, eta=0.2, patience=10, jobs=1))
PARTS = {"overheating": ("coolant_pump", 1, 14.0), "flat_battery": ("battery", 2, -1.0)}


def vehicle(number, seed, days=240, frames=2, life=130.0):
    """One vehicle's summaries and events: a part's signal drifts for 30 days, then it fails."""
    rng = np.random.default_rng((seed, number))
    name = f"V{number:04d}"
    count = days * frames
    times = START + np.sort(rng.choice(days * 24, count, replace=False)) * (DAY // 24)
    means = np.column_stack(
        [rng.normal(60, 25, count), rng.normal(88, 3, count), rng.normal(13.5, 0.3, count)]
    )
    means[:, 1] += rng.normal(0, 1.5)
    events = [event(name, START, "registration", "AB-1")]
    for mode, (part, column, size) in PARTS.items():
        fitted = START
        while True:
            failed = int(fitted + (10 + rng.exponential(life)) * DAY)
            if failed >= START + days * DAY:
                break
            near = (times > max(fitted, failed - 30 * DAY)) & (times <= failed)
            strength = rng.uniform(0.4, 1.2) if rng.random() < 0.8 else 0.0
            means[near, column] += strength * size * (1 - (failed - times[near]) / (30 * DAY)) ** 2
            fitted = failed + DAY
            events += [
                event(name, failed, "failure", mode),
                event(name, fitted, "replacement", part),
            ]
    stats = np.repeat(means[:, :, None], 6, axis=2).astype(np.float32)
    stats[:, :, 0], stats[:, :, 2] = 30, 0.5
    own = Summaries("small", ["default"] * count, [name] * count, times, np.arange(count), stats)
    return own, sorted(events, key=lambda e: e.time_ms)


def event(name, time_ms, kind, code, **detail):
    return VehicleEvent("default", "small", name, int(time_ms), kind, code, detail)


def history(vehicles=40, seed=1, **given):
    return MemoryHistory("small", (vehicle(number, seed, **given) for number in range(vehicles)))


def blind(bundle):
    """The same rates for everybody."""
    flat = Calibration((-2.5,) * 5, (1.0,) * 5)
    models = tuple(HazardModel(m.mode, m.ends_days, flat) for m in bundle.models)
    return Bundle(bundle.profile, bundle.feature_names, bundle.expectation, models, bundle.lines)


__all__ = [
    "DAY",
    "PROFILE",
    "QUICK",
    "SCOPE",
    "START",
    "UNTIL",
    "blind",
    "event",
    "history",
    "vehicle",
]
