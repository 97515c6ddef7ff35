"""The sentences of reasons."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Final

from alerts.units import days_text, quantity
from features.profile import Profile, ProfileSignal, milliseconds
from features.vector import FeatureSpec

DAY_MS: Final = 86_400_000
Pair = tuple[FeatureSpec, float]
"""A feature and its value; deviations are in healthy standard deviations."""
_TELLING: Final = 0.5
"""A deviation, in healthy standard deviations, from which on it is called one."""
_STEADY: Final = 0.15
"""A slope per half-life below which a signal counts as steady."""


def signal_text(
    signal: ProfileSignal,
    pairs: Sequence[Pair],
    numbers: tuple[float, float, float],
) -> str:
    """A sentence about one signal. `pairs` come strongest first; `numbers` are what was measured
    and expected lately, and the healthy standard deviation, in the signal's unit.
    """
    label = signal.label[:1].upper() + signal.label[1:]
    measured, expected, band = numbers
    spec, value = pairs[0]
    if spec.kind == "missing" and value > 0.05:
        return f"{label} was missing in {value:.0%} of the last {days_text(_days(spec))}"
    if spec.kind == "over" and value > 0.001:
        return (
            f"{label} was beyond its limit in {value:.1%} of the time over {days_text(_days(spec))}"
        )
    if signal.operating:
        return _use_text(label, signal, measured)
    level = (measured - expected) / band if isfinite(measured - expected) else _level(pairs)
    trend = _trend(pairs, level)
    if abs(level) >= _TELLING:
        side = "above" if level > 0 else "below"
        gap = quantity(abs(level) * band, signal.spec.unit)
        return f"{label} runs {gap} {side} what load and weather explain{trend}"
    if spec.kind in {"std", "spread"}:
        return f"{label} varies more than it should{trend}"
    if spec.kind == "baseline" and isfinite(value):
        side = "above" if value > 0 else "below"
        gap = quantity(abs(value) * band, signal.spec.unit)
        return f"{label} is {gap} {side} what it was when this vehicle was new to us{trend}"
    if trend:
        return f"{label} is{trend.removeprefix(',')}, still near what load and weather explain"
    return f"{label} differs slightly from what load and weather explain"


def vehicle_text(
    profile: Profile, spec: FeatureSpec, value: float, codes: Mapping[str, Sequence[float]]
) -> str:
    """A sentence about a part, a fault code or the vehicle's use."""
    if spec.kind == "count":
        return _code_text(profile, spec, codes)
    subject = "The vehicle" if spec.subject == "vehicle" else f"The {spec.subject}"
    verb = "are" if spec.subject.endswith("s") and spec.subject != "vehicle" else "is"
    have = "have" if verb == "are" else "has"
    if not isfinite(value):
        return f"Nothing is known of the age of the {spec.subject}"
    if spec.kind == "age":
        return f"{subject} {verb} {value:,.0f} days old"
    if spec.kind == "use":
        return f"{subject} {have} run for {value:,.0f} hours"
    if spec.kind == "firmware":
        return f"Its firmware changed {days_text(value)} ago"
    return f"How much it was used over the last {days_text(_days(spec))}"


def _code_text(profile: Profile, spec: FeatureSpec, codes: Mapping[str, Sequence[float]]) -> str:
    if spec.subject == "other_codes":
        known = {fault.code for fault in profile.fault_codes}
        others = sorted(code for code in codes if code not in known)
        named = f" ({', '.join(others[:3])})" if others else ""
        return f"Fault codes that aren't about a known part came lately{named}"
    text = next((one.text for one in profile.fault_codes if one.code == spec.subject), "")
    name = f"{spec.subject} ({text})" if text else spec.subject
    days = codes.get(spec.subject, ())
    if not days:
        return f"Fault code {name} has not come lately"
    times = "once" if len(days) == 1 else "twice" if len(days) == 2 else f"{len(days)} times"
    return f"Fault code {name} came {times}, last {days_text(min(days))} ago"


def _use_text(label: str, signal: ProfileSignal, measured: float) -> str:
    if not isfinite(measured):
        return f"How it is used: {signal.label}"
    usual = quantity(signal.centre, signal.spec.unit)
    now = quantity(measured, signal.spec.unit)
    return f"How it is used: {label[:1].lower()}{label[1:]} averages {now}, usually {usual}"


def _level(pairs: Sequence[Pair]) -> float:
    """The strongest known mean, in healthy standard deviations."""
    known = [value for spec, value in pairs if spec.kind in {"mean", "now"} and isfinite(value)]
    return known[0] if known else 0.0


def _trend(pairs: Sequence[Pair], level: float) -> str:
    """`, rising over 9 days`: by the longest half-life whose slope says so."""
    slopes = [
        (_days(spec), value)
        for spec, value in pairs
        if spec.kind == "slope" and isfinite(value) and abs(value) >= _STEADY
    ]
    away = [(days, slope) for days, slope in slopes if slope * level >= 0]
    if not away:
        return ""
    days, slope = max(away)
    return f", {'rising' if slope > 0 else 'falling'} over {days_text(days)}"


def _days(spec: FeatureSpec) -> float:
    return milliseconds(spec.half_life) / DAY_MS if spec.half_life else 1.0
