"""What is wrong with a profile beyond its form; a complaint names the key and what is allowed."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin

import msgspec

from contracts.catalogue import catalogue
from features.durations import milliseconds

if TYPE_CHECKING:
    from features.profile import Mode, Profile, ProfileSignal

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_NAME_RULE: Final = "give 1 to 64 of a-z, 0-9, _ and -, a letter or digit first"


def complaints(profile: "Profile") -> Iterator[str]:
    """Every mistake, the most telling first."""
    if not profile.signals or not profile.modes:
        yield "give at least one [[signals]] and one [[modes]]"
    if not _NAME.fullmatch(profile.name):
        yield f"name: {profile.name[:64]!r}; {_NAME_RULE}"
    yield from _durations(profile)
    if not 0 < profile.surprise < math.inf:
        yield f"surprise: {profile.surprise:g} must be a number above 0"
    if not 0 <= profile.rul_cap < math.inf:
        yield f"rul_cap: {profile.rul_cap:g} must be 0 (no cap) or above"
    yield from _doubles("signals.path", [signal.path for signal in profile.signals])
    yield from _doubles("modes.name", [mode.name for mode in profile.modes])
    yield from _doubles("fault_codes.code", [fault.code for fault in profile.fault_codes])
    for index, signal in enumerate(profile.signals):
        yield from _signal(f"signals[{index}]", signal)
    for mode in profile.modes:
        yield from _mode(f"modes.{mode.name}", mode, profile)
    yield from _battery(profile)
    yield from _circles(profile)


def with_hint(error: msgspec.ValidationError, struct: Any) -> str:  # noqa: ANN401 (a type)
    """A form error in words, with what is allowed where a key or value is none of a list."""
    text = str(error)
    if "unknown field" not in text and "enum value" not in text:
        return text
    path = text.partition(" - at `$.")[2].removesuffix("`")
    found = struct
    for step in re.sub(r"\[[^\]]*\]", "", path).split(".") if path else ():
        found = {field.name: field.type for field in msgspec.structs.fields(found)}[step]
        found = get_args(found)[0] if get_origin(found) is list else found
    names = get_args(found) or [field.name for field in msgspec.structs.fields(found)]
    return f"{text}; allowed are {', '.join(map(str, names))}"


def _durations(profile: "Profile") -> Iterator[str]:
    for key in ("frame_period", "score_interval", "baseline", "silent_after"):
        try:
            if not milliseconds(getattr(profile, key)):
                yield f"{key}: must be longer than 0"
        except ValueError as error:
            yield f"{key}: {error}"
    yield from _ladder("half_lives", profile.half_lives, 4)
    yield from _ladder("hazard_bins", profile.hazard_bins, None)


def _ladder(key: str, texts: Sequence[str], count: int | None) -> Iterator[str]:
    try:
        steps = [milliseconds(text) for text in texts]
    except ValueError as error:
        yield f"{key}: {error}"
        return
    if sorted({0, *steps}) != [0, *steps] or len(steps) != (count or max(1, len(steps))):
        wanted = "four durations" if count == 4 else "one or more durations"
        yield f"{key}: give {wanted}, shortest first"


def _signal(where: str, signal: "ProfileSignal") -> Iterator[str]:
    if signal.path not in catalogue():
        yield f"{where}.path: {signal.path!r} is not in contracts/catalogue.toml"
    if not 0 < signal.scale < math.inf:
        yield f"{where}.scale: {signal.scale:g} must be a number above 0"
    if not math.isfinite(signal.centre):
        yield f"{where}.centre: {signal.centre:g} must be a number"
    low, high = signal.low_limit, signal.high_limit
    if any(limit is not None and not math.isfinite(limit) for limit in (low, high)):
        yield f"{where}: a limit must be a number; leave it out where there is none"
    elif low is not None and high is not None and low >= high:
        yield f"{where}.low_limit: {low:g} must be below high_limit, {high:g}"


def _mode(where: str, mode: "Mode", profile: "Profile") -> Iterator[str]:
    if not _NAME.fullmatch(mode.name):
        yield f"{where}.name: {_NAME_RULE}"
    known = (
        ("fault_codes", mode.fault_codes, {fault.code for fault in profile.fault_codes}),
        ("signals", mode.signals, {signal.path for signal in profile.signals}),
        ("parents", mode.parents, {other.name for other in profile.modes}),
    )
    for key, names, allowed in known:
        strangers = sorted(set(names) - allowed)
        if strangers:
            table = "[[modes]]" if key == "parents" else f"[[{key}]]"
            yield f"{where}.{key}: {', '.join(strangers)} not among {table}"
    for key in ("breakdown", "planned_repair", "unneeded_check"):
        if not 0 <= getattr(mode.costs, key) < math.inf:
            yield f"{where}.costs: {key} must be 0 or above"
    if not mode.checks:
        yield f"{where}.checks: give at least one first check"
    if any(check.minutes < 0 for check in mode.checks):
        yield f"{where}.checks: minutes must be 0 or above"


def _battery(profile: "Profile") -> Iterator[str]:
    found = profile.battery
    if found is None:
        return
    paths = {signal.path for signal in profile.signals}
    for key, path in (("voltage", found.voltage), ("current", found.current)):
        if path not in paths:
            yield f"battery.{key}: {path!r} not among [[signals]]"
    if found.part not in profile.parts:
        yield f"battery.part: {found.part!r} is no part of [[modes]]"
    if found.cells_in_series < 1:
        yield f"battery.cells_in_series: {found.cells_in_series} must be 1 or above"


def _circles(profile: "Profile") -> Iterator[str]:
    """Modes that are their own parents, by whatever way: each would keep the other quiet."""
    parents = {mode.name: set(mode.parents) for mode in profile.modes}
    for name, nearest in parents.items():
        above: set[str] = set()
        front = nearest
        while front - above:
            above |= front
            front = {far for near in front for far in parents.get(near, ())}
        if name in above:
            way = ", ".join(sorted(above))
            yield f"modes.{name}.parents: it is its own parent, by way of {way}"


def _doubles(key: str, values: list[str]) -> Iterator[str]:
    doubled = sorted({value for value in values if values.count(value) > 1})
    if doubled:
        yield f"{key}: {', '.join(doubled)} stands more than once"
