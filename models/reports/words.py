"""Features in words: `engine_coolant_temperature.slope_7d` is "coolant temperature: trend over 7
days".
"""

import re
from collections.abc import Callable
from typing import Final

from features.profile import Profile
from features.vector import FeatureSpec

_SHORT: Final = 20
"""A mode's label up to this length may stand for its part."""
_UNITS: Final = {"s": "second", "min": "minute", "h": "hour", "d": "day"}
_KINDS: Final[dict[str, Callable[[str], str]]] = {
    "now": lambda _: "now",
    "mean": lambda life: f"mean over {life}",
    "std": lambda life: f"scatter over {life}",
    "slope": lambda life: f"trend over {life}",
    "recent": lambda _: "recent change",
    "baseline": lambda _: "change since new",
    "over": lambda life: f"share beyond its limits over {life}",
    "missing": lambda life: f"share not reported over {life}",
    "spread": lambda _: "scatter within a frame",
    "count": lambda life: f"fault codes over {life}",
    "age": lambda _: "age",
    "use": lambda _: "hours of use",
    "firmware": lambda _: "days since the firmware changed",
    "frames": lambda life: f"hours of use over {life}",
}


def in_words(profile: Profile, spec: FeatureSpec) -> str:
    """One feature as a person would say it."""
    what = _KINDS[spec.kind](span_in_words(spec.half_life))
    return f"{_subject(profile, spec)}: {what}"


def span_in_words(text: str) -> str:
    """`"3h"` -> `"3 hours"`."""
    match = re.fullmatch(r"([\d.]+)([a-z]+)", text)
    if not match:
        return text
    unit = _UNITS[match[2]]
    return f"{match[1]} {unit}" if match[1] == "1" else f"{match[1]} {unit}s"


def _subject(profile: Profile, spec: FeatureSpec) -> str:
    if spec.signal:
        return next(one.label for one in profile.signals if one.path == spec.signal)
    if spec.kind == "count" and spec.subject != "other_codes":
        return spec.subject
    labels = {mode.part: mode.label for mode in profile.modes if len(mode.label) <= _SHORT}
    return labels.get(spec.subject, spec.subject.replace("_", " "))
