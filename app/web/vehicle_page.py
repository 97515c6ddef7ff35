"""`/vehicles/{id, VIN or plate}`: one vehicle, its job card and its finding form."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.api import words
from app.api.battery import battery_of
from app.api.cases import cases_of
from app.api.context import Context, Wired
from app.api.held import held
from app.api.history import Mark, marks_of, series
from app.api.reasons import scored, why
from app.api.vehicles import Heard, Vehicle, carded, describe, described, heard_of, registered
from app.api.workorders import OrderView, order_view
from app.web.answering import Text, answered
from app.web.render import render
from app.web.sparks import Banded
from features.profile import Profile
from infra.reads.cards import Card
from infra.reads.fleet import DAY_MS
from infra.reads.history import Happening, happenings
from infra.reads.questions import Question, ask_together
from infra.reads.reporting import Reporting, reporting, risk_trends
from infra.reads.vehicles import Registration
from models.pack import LEAST

router = APIRouter(include_in_schema=False)
_EVENT_DAYS = 180
_SPARK_DAYS = 30
_SPARK_POINTS = 48
_CODE_DAYS = 90


@dataclass(frozen=True)
class CodeLine:
    """A fault code of the last 90 days: how often, and when first and last."""

    code: str
    text: str
    times: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True)
class Past:
    """What a page tells of a vehicle's history: frames of its `last_day`, `events`, the newest
    first; on its own page also which signals it sends and how the risk of each part went.
    """

    last_day: int
    events: list[Happening]
    sends: Reporting | None = None
    trends: dict[str, list[float]] = field(default_factory=dict)


@router.get("/vehicles/{key:path}/job-card")
def job_card_html(request: Request, context: Wired, key: str) -> Response:
    """What a mechanic takes along on paper."""

    def work() -> Response:
        card = carded(context, key, whole=True)
        vehicle, past = _told(context, card, whole=False)
        return render(
            request,
            "job_card.html",
            section="fleet",
            vehicle=vehicle,
            order=_order(card),
            codes=_codes(_marks(card, vehicle, past), vehicle.freshness.now_ms),
            cases=cases_of(context, card),
            parts=_parts(vehicle),
            address=_beside(request, "finding"),
        )

    return answered(request, work)


@router.get("/vehicles/{key:path}/finding")
def finding_html(request: Request, context: Wired, key: str, mode: Text = "") -> Response:
    """The form for what the workshop found, made for a phone."""

    def work() -> Response:
        vehicle = described(context, carded(context, key))
        profile = words.profile_of(vehicle.profile)
        asked = mode or next((one.mode for one in vehicle.alerts if one.mode), "")
        modes = profile.modes if profile else []
        return render(
            request, "finding.html", section="fleet", vehicle=vehicle, modes=modes, asked=asked
        )

    return answered(request, work)


@router.get("/vehicles/{key:path}")
def vehicle_html(request: Request, context: Wired, key: str, part: Text = "") -> Response:
    """One vehicle; `part=live` gives only what changes, `part=reasons` why its highest risk is what
    it is, `part=battery` what its charges tell of its battery.
    """

    def work() -> Response:
        if part == "battery":
            told = battery_of(context, registered(context, key))
            return render(request, "_vehicle_battery.html", battery=told, least=LEAST)
        if part == "reasons":
            card = carded(context, key)
            return render(request, "_vehicle_asked.html", asked=why(context, card, scored(card)))
        template = "_vehicle_live.html" if part == "live" else "vehicle.html"
        return render(request, template, **_shown(context, carded(context, key, whole=True)))

    return answered(request, work)


def _shown(context: Context, card: Card) -> dict[str, Any]:
    found, profile = card.found, words.profile_of(card.found.profile)
    vehicle, past = _told(context, card, whole=True)
    marks = _marks(card, vehicle, past)
    signals = profile.signals if profile else []
    shares = past.sends.shares if past.sends else []
    return {
        "section": "fleet",
        "vehicle": vehicle,
        "held": held(vehicle, card),
        "codes": _codes(marks, vehicle.freshness.now_ms),
        "services": [one for one in marks if one.kind != "fault_code"],
        "event_days": _EVENT_DAYS,
        "signal": _main_signal(vehicle),
        "signals": signals,
        "has_battery": bool(profile and profile.battery),
        "sends": past.sends,
        "last_day": past.last_day,
        "missing": [one.label for one, share in zip(signals, shares, strict=False) if not share],
        "sparks": _sparks(context, found, vehicle, profile),
        "trends": past.trends,
        "cases": cases_of(context, card),
        "order": _order(card),
        "mode_label": lambda mode: words.mode_label(found.profile, mode),
    }


def _told(context: Context, card: Card, *, whole: bool) -> tuple[Vehicle, Past]:
    """The vehicle and its history, from one statement."""
    found, now = card.found, context.now_ms()
    place = (context.tenant, found.profile, found.vehicle_id)
    first = heard_of(context, card)
    then: list[Question[Any]] = [happenings(place, now - _EVENT_DAYS * DAY_MS)]
    if whole:
        profile = words.profile_of(found.profile)
        then.append(reporting(place, len(profile.signals) if profile else 0))
        then.append(risk_trends(place, now - _SPARK_DAYS * DAY_MS))
    answers = ask_together(context.store, *first, *then)
    told = Heard(*answers[: len(first)])
    return describe(context, card, told), Past(told.frames[1], *answers[len(first) :])


def _beside(request: Request, name: str) -> str:
    """The whole address of another page of the same vehicle."""
    path, _, _ = request.url.path.rpartition("/")
    return str(request.url.replace(path=f"{path}/{name}", query=""))


def _marks(card: Card, vehicle: Vehicle, past: Past) -> list[Mark]:
    """What happened, the newest first."""
    since = vehicle.freshness.now_ms - _EVENT_DAYS * DAY_MS
    return marks_of(card.found.profile, past.events, card.newest, since)[::-1]


def _codes(marks: Sequence[Mark], now_ms: int) -> list[CodeLine]:
    """Fault codes of the last 90 days, the newest first."""
    since = now_ms - _CODE_DAYS * DAY_MS
    recent = [one for one in marks if one.kind == "fault_code" and one.time_ms >= since]
    lines = []
    for code in dict.fromkeys(one.label for one in recent):
        times = [one.time_ms for one in recent if one.label == code]
        text = next(one.text for one in recent if one.label == code)
        lines.append(CodeLine(code, text, len(times), times[-1], times[0]))
    return lines


def _order(card: Card) -> OrderView | None:
    """The work order that comes first, if one is open."""
    found = card.found
    return order_view(card.orders[0], found.plate, found.model) if card.orders else None


def _parts(vehicle: Vehicle) -> dict[str, str]:
    """The part of each alert's failure mode."""
    modes = {one.mode: words.mode_of(vehicle.profile, one.mode) for one in vehicle.alerts}
    return {name: mode.part for name, mode in modes.items() if mode}


def _sparks(
    context: Context, found: Registration, vehicle: Vehicle, profile: Profile | None
) -> dict[str, Banded]:
    """The last 30 days of every signal that a reason names, against what was expected."""
    if profile is None:
        return {}
    named = {reason.signal for alert in vehicle.alerts for reason in alert.reasons}
    wanted = [one for one in profile.signals if one.path in named]
    if not wanted:
        return {}
    since = vehicle.freshness.now_ms - _SPARK_DAYS * DAY_MS
    _, columns = series(context, found, wanted, since, _SPARK_POINTS)
    told = {}
    for signal, column in zip(wanted, columns, strict=True):
        value, low, high = (
            [float(one) if np.isfinite(one) else None for one in part] for part in column.T
        )
        told[signal.path] = Banded(value, low, high)
    return told


def _main_signal(vehicle: Vehicle) -> str:
    """The signal to look at first: the one behind the strongest reason, else the worst part's."""
    for alert in vehicle.alerts:
        for reason in alert.reasons:
            if reason.signal:
                return reason.signal
    worst = vehicle.risks[0].mode if vehicle.risks else ""
    mode = words.mode_of(vehicle.profile, worst)
    return mode.signals[0] if mode and mode.signals else ""
