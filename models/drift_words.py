"""Drift in words (models/drift.py)."""

from collections.abc import Callable
from typing import Final

from features.profile import Profile
from features.vector import feature_specs
from models.drift import RISE, Kind, Measure
from models.reports.words import in_words


def named(profile: Profile, one: Measure) -> str:
    """What was measured, as a data scientist would say it."""
    return _NAMES[one.kind](profile, one.subject)


def told(profile: Profile, one: Measure) -> str:
    """What was measured, and against what."""
    return f"{named(profile, one)}: {_FIGURES[one.kind](one)}"


def _feature(profile: Profile, subject: str) -> str:
    found = [spec for spec in feature_specs(profile) if spec.name == subject]
    return in_words(profile, found[0]).replace(": ", ", ") if found else subject


def _signal(profile: Profile, subject: str) -> str:
    return next((one.label for one in profile.signals if one.path == subject), subject)


def _stability(one: Measure) -> str:
    return f"stability index {one.value:.2f}, up to {one.high:.2f} is usual"


def _calibration(one: Measure) -> str:
    return (
        f"{one.value:.2f} times as many failures came as were expected, chance leaves "
        f"{one.low:.2f} to {one.high:.2f}"
    )


def _missing(one: Measure) -> str:
    return f"{one.value:.0%} of frames lack it, {max(0.0, one.high - RISE):.0%} in training"


_NAMES: Final[dict[Kind, Callable[[Profile, str], str]]] = {
    "feature": _feature,
    "score": lambda profile, subject: f"risk of {profile.mode(subject).label}",
    "calibration": lambda profile, subject: f"calibration of {profile.mode(subject).label}",
    "missing": _signal,
}
_FIGURES: Final[dict[Kind, Callable[[Measure], str]]] = {
    "feature": _stability,
    "score": _stability,
    "calibration": _calibration,
    "missing": _missing,
}
