"""`/api/vehicles/{key}/history`: a signal against what was expected, and what happened then."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query

from alerts.message import what_of
from alerts.units import inner, unit_text
from app.api import words
from app.api.context import Context, Wired
from app.api.downsample import downsample
from app.api.problems import ProblemError, unknown
from app.api.risk import POINTS, Since
from app.api.vehicles import Key, registered
from app.profiles import known_profiles
from contracts.alerts import Alert
from contracts.batches import Doubles, Ints
from features.profile import Profile, ProfileSignal
from infra.reads.alerts import newest_alerts
from infra.reads.fleet import DAY_MS
from infra.reads.history import Happening, frame_means, happenings
from infra.reads.questions import ask_together
from infra.reads.vehicles import Registration

router = APIRouter(prefix="/api/vehicles", tags=["vehicles"])
BAND_SD = 2.0
"""Half the band's width in healthy standard deviations: 19 of 20 healthy frames lie within."""


@dataclass(frozen=True)
class SignalName:
    """A signal that can be asked for."""

    path: str
    label: str
    unit: str


@dataclass(frozen=True)
class Mark:
    """Something that happened, on the same time axis as the signal.

    `kind` is an event's, or alert_opened, alert_resolved; `photo` is a finding's.
    """

    time_ms: int
    kind: str
    label: str
    text: str
    photo: str = ""


@dataclass(frozen=True)
class History:
    """At most 500 points, oldest first; None = missing. `low` to `high` is what was expected of a
    healthy vehicle under the same use, all None without a model; limits are the profile's.
    """

    vehicle_id: str
    signal: SignalName
    since_ms: int
    until_ms: int
    time_ms: list[int]
    value: list[float | None]
    low: list[float | None]
    high: list[float | None]
    low_limit: float | None
    high_limit: float | None
    marks: list[Mark]
    signals: list[SignalName]


@router.get("/{key:path}/history")
def history(
    context: Wired,
    key: Key,
    *,
    signal: Annotated[str, Query(max_length=200, description="VSS path")] = "",
    since: Since = None,
    days: Annotated[int, Query(ge=1, le=3_650, description="Span, where `since` isn't given")] = 90,
    points: Annotated[int, Query(ge=2, le=POINTS)] = POINTS,
) -> History:
    """A signal's means against the expected band, with events on the same axis."""
    found = registered(context, key)
    profile = words.profile_of(found.profile)
    if profile is None:
        detail = f"The profile {found.profile!r} of this vehicle is unknown here."
        raise ProblemError(404, "unknown-profile", "Unknown profile", detail)
    chosen = _chosen(profile, signal)
    until = context.now_ms()
    start = until - days * DAY_MS if since is None else since
    times, (columns,) = series(context, found, [chosen], start, points)
    value, low, high = (_numbers(column) for column in columns.T)
    events, alerts = ask_together(
        context.store,
        happenings((context.tenant, found.profile, found.vehicle_id), start),
        newest_alerts(context.tenant, found.vehicle_id),
    )
    return History(
        found.vehicle_id,
        _name(chosen),
        start,
        until,
        times.tolist(),
        value,
        low,
        high,
        chosen.low_limit,
        chosen.high_limit,
        marks_of(found.profile, events, alerts, start),
        [_name(one) for one in profile.signals],
    )


def marks_of(
    profile: str, events: Sequence[Happening], alerts: Sequence[Alert], since_ms: int
) -> list[Mark]:
    """What happened to a vehicle since then, oldest first."""
    marks = [_event_mark(profile, one) for one in events if one.kind != "registration"]
    for one in alerts:
        what = what_of(one, known_profiles())
        label = what if one.mode else inner(what)
        if one.state != "pending" and one.opened_ms >= since_ms:
            marks.append(Mark(one.opened_ms, "alert_opened", "Alert", label))
        if one.resolved_ms >= max(since_ms, 1):
            marks.append(Mark(one.resolved_ms, "alert_resolved", "Alert closed", label))
    return sorted(marks, key=lambda mark: mark.time_ms)


def series(
    context: Context,
    found: Registration,
    signals: Sequence[ProfileSignal],
    since_ms: int,
    points: int,
) -> tuple[Ints, list[Doubles]]:
    """Times, and per signal the columns value, low, high [points x 3]; NaN where nothing is
    known. The profile has to be one that we have.
    """
    vehicle = (context.tenant, found.profile, found.vehicle_id)
    profile = known_profiles()[found.profile]
    means = frame_means(context.store, vehicle, since_ms, len(profile.signals))
    columns = np.full((len(means.time_ms), 3 * len(signals)), np.nan)
    champion = context.champion_of(profile.name) if len(means.time_ms) else None
    expected = champion.expectation.expected(means.values) if champion else None
    for place, signal in enumerate(signals):
        at = profile.signals.index(signal)
        columns[:, 3 * place] = means.values[:, at]
        if champion and expected is not None and not signal.operating:
            half = BAND_SD * float(champion.expectation.band[at])
            columns[:, 3 * place + 1] = expected[:, at] - half
            columns[:, 3 * place + 2] = expected[:, at] + half
    times, reduced = downsample(means.time_ms, columns, points)
    return times, np.split(reduced, len(signals), axis=1)


def _chosen(profile: Profile, path: str) -> ProfileSignal:
    if not path:
        return next((one for one in profile.signals if not one.operating), profile.signals[0])
    found = words.signal_of(profile, path)
    if found is None:
        known = ", ".join(one.path for one in profile.signals)
        raise unknown("signal", path, f"{profile.name} has no signal {path!r}; it has {known}.")
    return found


def _name(signal: ProfileSignal) -> SignalName:
    label = signal.label[:1].upper() + signal.label[1:]
    return SignalName(signal.path, label, unit_text(signal.spec.unit))


def _numbers(column: Doubles) -> list[float | None]:
    return [round(value, 4) if np.isfinite(value) else None for value in column.tolist()]


_LABELS = {
    "fault_code": "Fault code",
    "service": "Service",
    "replacement": "Replaced",
    "failure": "Failure",
    "finding": "Finding",
    "firmware": "Firmware",
}


def _event_mark(profile: str, event: Happening) -> Mark:
    label, text = _LABELS.get(event.kind, event.kind), event.code
    if event.kind == "fault_code":
        label, text = event.code, words.code_texts(profile, [event.code])[0].text
    elif event.kind in {"failure", "finding"}:
        text = words.mode_label(profile, event.code)
    details = [words.outcome_text(event.detail.get("outcome", "")), event.detail.get("note", "")]
    told = " · ".join(part for part in (text, *details) if part)
    return Mark(event.time_ms, event.kind, label, told, event.detail.get("photo", ""))
