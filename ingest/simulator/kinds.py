"""What is said of one kind of vehicle: its signals, its ways to fail, how it is used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from contracts.batches import Floats
from contracts.catalogue import Signal, signal_at
from ingest.simulator.usage import Usage

Shape = Callable[[Usage], Floats]
"""How strongly something shows or wears in each frame [n]; about 1 where it does."""
Levels = Callable[[Usage, Floats], Mapping[str, Floats]]
"""Healthy values by path from the conditions and the pads' wear in percent [n]."""

GROWTH_POWER: Final = 1.3
"""Severity grows as (exposure since onset / growth time) to this power."""


@dataclass(frozen=True)
class SignalModel:
    """How a signal scatters, in its unit, standard deviations: `frame` from frame to frame, `slow`
    wandering over weeks, `offset` between vehicles. `ripple` is the spread within a frame;
    "drive" ripples follow the driver's foot together, "noise" ripples are the sensor's own.
    """

    path: str
    frame: float
    slow: float
    offset: float
    ripple: float
    follows: Literal["noise", "drive"] = "noise"

    @property
    def spec(self) -> Signal:
        """The catalogue's entry."""
        return signal_at(self.path)


@dataclass(frozen=True)
class Symptom:
    """A signal's shift at severity 1, `size` in its unit, where `shape` is 1."""

    path: str
    size: float
    shape: Shape


@dataclass(frozen=True)
class Code:
    """A fault code that appears above `level` of severity, up to `per_day` times a day."""

    code: str
    level: float = 0.55
    per_day: float = 0.12


@dataclass(frozen=True)
class ModeModel:
    """A way to fail. A part is sound until a defect starts (Weibull in exposure, scale
    `onset_days`), then severity grows; at severity 1 after `growth_days` (median) it breaks, give
    or take its hidden strength. Exposure is one a day for an average vehicle: a share `calendar`
    passes with time, the rest with use weighed by `stress`. `shocks` are sudden failures per
    1,000 days. A part that wears by design is renewed after `renewal_days`.
    """

    name: str
    part: str
    symptoms: tuple[Symptom, ...]
    codes: tuple[Code, ...]
    stress: Shape
    onset_days: float = 1_350.0
    growth_days: float = 92.0
    calendar: float = 0.1
    shocks: float = 0.15
    repair_hours: float = 20.0
    renewal_days: float = 0.0


@dataclass(frozen=True)
class Kind:
    """One kind of vehicle; `name` is its profile.

    `routes` weigh town, country road and motorway; days have trips in slots that begin within an
    hour after `slot_hours`, each used with `slot_share`, of 1 + Poisson(`trip_frames`) frames.
    """

    name: str
    signals: tuple[SignalModel, ...]
    modes: tuple[ModeModel, ...]
    levels: Levels
    routes: tuple[float, float, float]
    slot_hours: tuple[float, ...]
    slot_share: float
    trip_frames: float
    trip_most: int
    weekend_share: float
    route_speeds: tuple[float, float, float]
    top_speed: float
    models: tuple[str, ...]
    recalibrated: tuple[str, ...]
    service_days: float
    speed_spread: float = 1.0
    payload_pull: float = 0.04
    odometer_scale: float = 1.0

    @property
    def frames_per_day(self) -> float:
        """Frames an average vehicle sends a day."""
        days = (5 * 0.93 + 2 * self.weekend_share) / 7
        return days * len(self.slot_hours) * self.slot_share * (1 + self.trip_frames)
