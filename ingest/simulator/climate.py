"""Where vehicles live: temperature and humidity by latitude, season, hour and passing weather."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from contracts.batches import Floats, Ints

_YEAR_MS: Final = 365.2425 * 86_400_000
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True)
class Climate:
    """Temperatures in °C: yearly `mean`, half the swing of the seasons and of the day, and the
    size of the weather. `humidity` is the yearly mean in percent, `depot` a place there.
    """

    depot: str
    mean: float
    season: float
    day: float
    weather: float
    humidity: float


CLIMATES: Final = (
    Climate("Tromsø", 3.0, 9.0, 2.0, 4.0, 78.0),
    Climate("Tampere", 5.0, 12.5, 3.5, 4.5, 76.0),
    Climate("Hannover", 10.0, 8.5, 4.0, 4.0, 78.0),
    Climate("Innsbruck", 9.5, 10.0, 5.5, 4.5, 72.0),
    Climate("Lyon", 12.5, 9.0, 5.0, 4.0, 70.0),
    Climate("Sevilla", 19.0, 9.0, 7.0, 3.5, 58.0),
)

_PERIODS_DAYS: Final = np.array([3.1, 5.3, 8.9, 17.0])


def weather(climate: Climate, phases: Floats, time_ms: Ints) -> tuple[Floats, Floats]:
    """Air temperature [n] in °C and relative humidity [n] in percent at `time_ms` [n].

    `phases` [2, 4] (radians) make the vehicle's own weather; passing fronts are sines, so that
    any moment can be asked for by itself.
    """
    days = time_ms / _DAY_MS
    year = 2 * np.pi * (time_ms / _YEAR_MS - 20 / 365)
    hour = 2 * np.pi * (days - 15 / 24)
    fronts = np.sin(2 * np.pi * days[:, None] / _PERIODS_DAYS + phases[:, None, :]).mean(axis=2)
    air = (
        climate.mean
        - climate.season * np.cos(year)
        + climate.day * np.cos(hour)
        + 2 * climate.weather * fronts[0]
    )
    humid = climate.humidity + 8 * np.cos(year) - 9 * np.cos(hour) + 34 * fronts[1]
    return air.astype(np.float32), np.clip(humid, 15, 100).astype(np.float32)
