"""The conditions under which a vehicle is driven, frame by frame."""

from dataclasses import dataclass

import numpy as np

from contracts.batches import Flags, Floats, Ints


@dataclass(frozen=True, eq=False)
class Usage:
    """Conditions of n frames, one array each, in order of time.

    `trip_s` seconds since the trip began; `soak_c` the engine's temperature then; `air` °C,
    `humidity` percent; `speed` km/h; `load` share of full power; `braking` 0 to 1; `payload` 0 to
    1; `roughness` of the road 0 to 1; `charge` state of charge in percent; `last_of_day` marks
    the day's last frame; `drive` is the hidden rest of the driver's way in this frame (normal).
    """

    time_ms: Ints
    trip_s: Floats
    soak_c: Floats
    air: Floats
    humidity: Floats
    speed: Floats
    load: Floats
    braking: Floats
    payload: Floats
    roughness: Floats
    charge: Floats
    drive: Floats
    last_of_day: Flags

    def __len__(self) -> int:
        return len(self.time_ms)

    @property
    def warm(self) -> Floats:
        """How far the engine is on its way from cold to warm, 0 to 1."""
        return np.asarray(-np.expm1(-self.trip_s * (0.4 + self.load) / 240), np.float32)
