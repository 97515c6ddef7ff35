"""Which alerts a silence keeps quiet."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, get_args

from alerts.glob import fits
from contracts.alerts import Alert, Silence

Field = Literal["vehicle", "depot", "profile", "mode", "severity", "condition"]
"""What a matcher may look at."""
FIELDS: Final[tuple[Field, ...]] = get_args(Field)


def complaint(matchers: Mapping[str, str]) -> str:
    """What is wrong with matchers, "" when they are sound."""
    strangers = sorted(set(matchers) - set(FIELDS))
    if strangers:
        return f"a silence can't match by {', '.join(strangers)}; choose from {', '.join(FIELDS)}"
    if not any(value.strip("*") for value in matchers.values()):
        return "a silence of everything would hide the whole fleet; name what it is about"
    return ""


def matches(matchers: Mapping[str, str], alert: Alert) -> bool:
    """Whether all matchers fit the alert."""
    values = {
        "vehicle": alert.vehicle_id,
        "depot": alert.depot,
        "profile": alert.profile,
        "mode": alert.mode,
        "severity": alert.severity,
        "condition": alert.condition,
    }
    return all(fits(values[name], wanted) for name, wanted in matchers.items())


def silence_of(silences: Iterable[Silence], alert: Alert, now_ms: int) -> str:
    """The id of the first silence that holds for the alert, or ""."""
    for one in silences:
        if now_ms < one.until_ms and one.tenant == alert.tenant and matches(one.matchers, alert):
            return one.silence_id
    return ""
