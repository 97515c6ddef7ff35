"""Units as loggers write them, into those of the catalogue: every conversion is `a * x + b`."""

from collections.abc import Callable
from typing import Final

from contracts.errors import DataError

_SCALES: Final[dict[str, dict[str, tuple[float, float]]]] = {
    # Into Celsius, kPa, km/h ...: the first of each line.
    "temperature": {
        "Celsius": (1, 0),
        "°C": (1, 0),
        "degC": (1, 0),
        "°F": (5 / 9, -160 / 9),
        "degF": (5 / 9, -160 / 9),
        "K": (1, -273.15),
    },
    "pressure": {
        "kPa": (1, 0),
        "hPa": (0.1, 0),
        "mbar": (0.1, 0),
        "Pa": (0.001, 0),
        "bar": (100, 0),
        "psi": (6.894757, 0),
        "inHg": (3.386389, 0),
    },
    "speed": {"km/h": (1, 0), "mph": (1.609344, 0), "m/s": (3.6, 0)},
    "rotation": {"rpm": (1, 0), "RPM": (1, 0), "1/min": (1, 0), "rev/min": (1, 0)},
    "share": {"percent": (1, 0), "%": (1, 0)},
    "mass flow": {"g/s": (1, 0), "kg/h": (1 / 3.6, 0)},
    "voltage": {"V": (1, 0), "mV": (0.001, 0)},
    "current": {"A": (1, 0), "mA": (0.001, 0)},
    "length": {"m": (1, 0), "km": (1_000, 0), "mi": (1_609.344, 0)},
    "time": {"s": (1, 0), "ms": (0.001, 0), "min": (60, 0), "h": (3_600, 0)},
    "angle": {"degrees": (1, 0), "°": (1, 0), "deg": (1, 0)},
    "torque": {"Nm": (1, 0), "lb-ft": (1.355818, 0)},
}
_KIND: Final = {unit: kind for kind, units in _SCALES.items() for unit in units}
_MOJIBAKE: Final = "Â"
"""What a degree sign in UTF-8 gains when it is read as Latin-1 and written again."""


def converter(unit: str, wanted: str) -> Callable[[float], float]:
    """A function from `unit` to `wanted`. Raises DataError when there is none."""
    found = unit.replace(_MOJIBAKE, "").strip()
    if found == wanted:
        return lambda value: value
    kind = _KIND.get(found)
    if kind is None or wanted not in _SCALES[kind]:
        known = ", ".join(_SCALES[_KIND[wanted]]) if wanted in _KIND else wanted
        raise DataError(f"unit {unit!r} can't become {wanted}; known are {known}")
    (a, b), (c, d) = _SCALES[kind][found], _SCALES[kind][wanted]
    factor, offset = a / c, (b - d) / c
    return lambda value: value * factor + offset
