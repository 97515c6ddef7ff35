"""The report of an evaluation on a healthy car (app/cli/evaluate/healthy.py)."""

from typing import Final

import numpy as np

from app.cli.evaluate.healthy import Healthy
from features.profile import Profile
from models.reports import hazard, plots
from models.reports.page import Fact, Report, Section

_WHOSE: Final = "training vehicles left out"
_SHOWN: Final = 3


def healthy_report(profile: Profile, done: Healthy, command: str) -> Report:
    """What the car's risks were, and what the same lines catch where parts do fail."""
    found, record = done.figures, done.record
    curves = {one.mode: one.curves for one in record.modes if one.curves}
    told = ", ".join(f"{profile.mode(name).label}: {n}" for name, n in found.raised.items())
    return Report(
        "False alarms on a healthy car",
        f"Model {found.model}, {found.trained}. Its trees, lines and calibration were chosen on "
        f"training vehicles alone, in folds by vehicle; the healthy car's {found.hours:.0f} hours "
        "were replayed once, through engine, model and alert pipeline as live.",
        command,
        [
            Fact("Alerts", str(found.alerts), told or "none"),
            Fact(
                "Alerts per 1,000 h",
                f"{found.alerts_per_1000_h:.1f}",
                f"one alert more or less is {1_000 / found.hours:.0f}",
            ),
            Fact("Hours driven", f"{found.hours:.1f}", f"{found.rows_scored} scores"),
            Fact(
                "Failures caught",
                f"{found.caught_share:.0%}",
                "at the same lines, three days ahead, training vehicles left out; "
                f"{found.shocks or 'shocks included'}",
            ),
        ],
        [
            _risk(profile, done),
            _highest(profile, done),
            hazard.learning(profile, curves),
            hazard.reliability(profile, curves, _WHOSE),
            hazard.ranking(profile, curves, _WHOSE),
            hazard.leads(curves, _WHOSE),
            hazard.cost(
                profile, record.tried, float(np.median(list(found.lines.values()))), _WHOSE
            ),
            hazard.gain(record.tried, _WHOSE),
            hazard.importance(profile, done.bundle, done.values, "the healthy car"),
        ],
    )


def _risk(profile: Profile, done: Healthy) -> Section:
    modes = list(done.figures.highest_risk_30)
    first = np.argsort(-done.risk.max(axis=0))[:_SHOWN]
    line = max(done.figures.lines.values())
    drawn = {
        profile.mode(modes[place]).label: (done.hours, done.risk[:, place])
        for place in first.tolist()
    }
    hours = [0.0, float(done.hours.max())]
    return Section(
        "Risk over the hours driven",
        "The parts whose risk rose highest. An alert opens once risk has stayed above the line "
        "for a while.",
        plots.lines({**drawn, f"line {line:.0%}": (hours, [line] * 2)}, ("hours", "30-day risk")),
    )


def _highest(profile: Profile, done: Healthy) -> Section:
    found = done.figures
    names = [profile.mode(name).label for name in found.highest_risk_30]
    return Section(
        "Highest risk by part",
        "Of any moment of any drive, beside the line at which an alert opens.",
        plots.grouped(
            names,
            {
                "highest": list(found.highest_risk_30.values()),
                "line": [found.lines[name] for name in found.highest_risk_30],
            },
            ("30-day risk", 0.0, 1.0),
        ),
    )
