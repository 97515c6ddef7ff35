"""Metric numbers in the units that the viewer is used to: all linear, so bands stay bands."""

from collections.abc import Mapping

Conversion = tuple[float, float, str]
"""factor, offset, unit: shown = factor * metric + offset."""

_ROAD: Mapping[str, Conversion] = {
    "km": (0.621371, 0.0, "mi"),
    "km/h": (0.621371, 0.0, "mph"),
    "kWh/100km": (1.609344, 0.0, "kWh/100 mi"),
}
CONVERSIONS: Mapping[str, Mapping[str, Conversion]] = {
    "metric": {},
    "uk": {**_ROAD, "l/100km": (0.354006, 0.0, "gal/100 mi")},
    "us": {
        **_ROAD,
        "°C": (1.8, 32.0, "°F"),
        "kPa": (0.145038, 0.0, "psi"),
        "Pa": (0.00401865, 0.0, "inH₂O"),
        "hPa": (0.02953, 0.0, "inHg"),
        "Nm": (0.737562, 0.0, "lb ft"),
        "m": (3.28084, 0.0, "ft"),
        "m/s²": (3.28084, 0.0, "ft/s²"),
        "l/100km": (0.425144, 0.0, "gal/100 mi"),
    },
}


def shown(value: float, unit: str, units: str) -> tuple[float, str]:
    """A metric number as this viewer reads it. `units` is a key of CONVERSIONS."""
    factor, offset, name = CONVERSIONS[units].get(unit, (1.0, 0.0, unit))
    return factor * value + offset, name
