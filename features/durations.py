"""Durations as profiles and settings write them."""

import re

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|min|h|d)")
_UNIT_MS = {"s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}


def milliseconds(text: str) -> int:
    """`"6h"` -> 21_600_000. Raises ValueError."""
    match = _DURATION.fullmatch(text)
    if not match or not match[1].isascii() or len(text) > 12:
        msg = f"{text!r} is not a duration; write a number and s, min, h or d, like 90s or 6h"
        raise ValueError(msg)
    return round(float(match[1]) * _UNIT_MS[match[2]])
