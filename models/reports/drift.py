"""The report of a model's drift (models/drift.py)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import isfinite

import numpy as np

from features.profile import Profile
from models.drift import Kind, Measure, drifted
from models.drift_words import named, told
from models.reports.page import Fact, Report, Section
from models.reports.svg import ONE, TWO, drawing

TOP = 12


def drift_report(model: str, profile: Profile, measures: Sequence[Measure], command: str) -> Report:
    """How far features, scores, calibration and missing signals are from training."""
    found = drifted(measures)
    weeks = sorted({one.week_ms for one in measures})
    facts = [Fact("Weeks", str(len(weeks)), f"{_day(weeks[0])} to {_day(weeks[-1])}")]
    facts += [
        Fact(label, str(sum(one.kind == kind for one in found)), "in the newest week")
        for kind, label in _LABELS.items()
    ]
    lead = "; ".join(told(profile, one) for one in found[:TOP])
    lead = lead or "Nothing has drifted in the newest week."
    return Report(f"Drift of {model}", lead, command, facts, _sections(measures, profile))


def _sections(measures: Sequence[Measure], profile: Profile) -> list[Section]:
    return [
        Section(
            "Features and scores by week",
            "Each week's furthest population stability index, as a multiple of its own limit: "
            "above 1 it is drift. The limit is the largest of 0.25, of half again what the oddest "
            "week of training had, and of what chance leaves with so few vehicles.",
            _by_week(measures),
        ),
        Section(
            "Furthest from training",
            "The newest week; 1 is the limit.",
            _furthest(measures, profile, ("feature", "score")),
        ),
        Section(
            "Calibration",
            "Failures that came over those expected, on rows whose 30 days are over, with what "
            "chance leaves. Modes with fewer than eight are not judged.",
            _calibration(measures),
        ),
        Section(
            "Missing signals",
            "Share of frames without the signal in the newest week, as a multiple of its limit.",
            _furthest(measures, profile, ("missing",)),
        ),
    ]


def _by_week(measures: Sequence[Measure]) -> str:
    with drawing("Furthest stability index by week, as a multiple of its limit") as canvas:
        axes = canvas.axes
        for kind, colour in (("feature", ONE), ("score", TWO)):
            own = [one for one in measures if one.kind == kind and isfinite(one.high)]
            weeks = sorted({one.week_ms for one in own})
            worst = [max(one.reach for one in own if one.week_ms == week) for week in weeks]
            days = [datetime.fromtimestamp(week / 1_000, UTC) for week in weeks]
            axes.plot(np.array(days), worst, "o-", color=colour, label=f"{kind}s", markersize=4)
        axes.axhline(1.0, color=TWO, linewidth=1.2, linestyle="--")
        axes.set(xlabel="week", ylabel="multiple of the limit")
        axes.set_ylim(bottom=0)
        axes.tick_params(axis="x", labelrotation=30)
        axes.legend(loc="best", fontsize=9.5)
    return canvas.svg


def _furthest(measures: Sequence[Measure], profile: Profile, kinds: Sequence[Kind]) -> str:
    own = [one for one in measures if one.kind in kinds and isfinite(one.high)]
    newest = max((one.week_ms for one in own), default=0)
    own = sorted((one for one in own if one.week_ms == newest), key=lambda one: one.reach)[-TOP:]
    with drawing("Furthest from training", height=0.4 + 0.29 * max(len(own), 4)) as canvas:
        axes = canvas.axes
        names = [named(profile, one) for one in own]
        axes.barh(names, [one.reach for one in own], color=ONE, height=0.62)
        axes.axvline(1.0, color=TWO, linewidth=1.2, linestyle="--")
        axes.grid(visible=False, axis="y")
        axes.set(xlabel="multiple of the limit")
    return canvas.svg


def _calibration(measures: Sequence[Measure]) -> str:
    own = [one for one in measures if one.kind == "calibration"]
    with drawing(
        "Failures that came over those expected", height=0.6 + 0.3 * max(4, len(own))
    ) as canvas:
        axes = canvas.axes
        for place, one in enumerate(own):
            axes.plot([one.low, one.high], [place, place], color=ONE, linewidth=4, alpha=0.35)
            axes.plot(one.value, place, "o", color=TWO if one.drifted else ONE)
        axes.axvline(1.0, color=TWO, linewidth=1.2, linestyle="--")
        axes.set_yticks(range(len(own)), [one.subject.replace("_", " ") for one in own])
        axes.set(xlabel="came over expected")
    return canvas.svg


def _day(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1_000, UTC).strftime("%Y-%m-%d")


_LABELS: dict[Kind, str] = {
    "feature": "Features that drifted",
    "score": "Scores that drifted",
    "calibration": "Modes off calibration",
    "missing": "Signals that go missing",
}
