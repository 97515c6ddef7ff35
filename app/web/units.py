"""Metric numbers in the units that the viewer is used to: all linear, so bands stay bands."""

import re
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


_DIFFERENCE = re.compile(r"(?:above|below) what")
_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_QUANTITY = re.compile(
    rf"(?:(?P<low>{_NUMBER}) to )?(?P<number>{_NUMBER}) "
    r"(?P<unit>°C|km/h|kPa|hPa|Pa|Nm|m/s²|km|m)(?![\w/])"
)


def retold(sentence: str, units: str) -> str:
    """A sentence of the engine (English, metric) with its quantities in the viewer's units.

    "6.2 °C above what ..." is a difference, any other quantity a value of its own.
    """
    known = CONVERSIONS[units]
    if not known:
        return sentence
    difference = bool(_DIFFERENCE.search(sentence))

    def turn(match: re.Match[str]) -> str:
        factor, offset, name = known.get(match["unit"], (1.0, 0.0, match["unit"]))

        def told(number: str) -> str:
            value = factor * float(number.replace(",", "")) + (0.0 if difference else offset)
            return f"{value:,.{0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2}f}"

        low = f"{told(match['low'])} to " if match["low"] else ""
        return f"{low}{told(match['number'])} {name}"

    return _QUANTITY.sub(turn, sentence)
