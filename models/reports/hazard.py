"""Sections about the failure models of a profile, from the curves of rows that no tree had seen."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from contracts.batches import Floats, Ints
from features.profile import Profile
from features.vector import feature_specs
from models.alarms import LEAD_DAYS, Tally
from models.bundle import Bundle
from models.fared import mean_learning
from models.record import ModeCurves
from models.reports import plots
from models.reports.page import Section
from models.reports.words import in_words
from models.thresholds import money_a_year, no_lines

DRAWN: Final = 4
"""Modes of most failures that have lines of their own: more colours nobody tells apart."""
TOP: Final = 14
ROWS: Final = 1_500
Curves = Mapping[str, ModeCurves]


def most(profile: Profile, curves: Curves) -> list[tuple[str, ModeCurves]]:
    """The modes of most failures, by label."""
    order = sorted(curves.items(), key=lambda one: -one[1].failures)
    return [(profile.mode(name).label, one) for name, one in order[:DRAWN]]


def learning(profile: Profile, curves: Curves) -> Section:
    """Loss against that of the first round, by mode."""
    drawn = {}
    for label, one in most(profile, curves):
        rounds, loss = mean_learning(one)
        if loss.size:
            drawn[label] = (rounds, loss / loss[0])
    return Section(
        "Learning curve",
        "Loss on training vehicles left out, mean of the folds, against that after one round. The "
        "best round of each fold was taken; all vehicles together get the mean of them.",
        plots.lines(drawn, ("rounds of boosting", "loss, first round = 1")),
    )


def reliability(profile: Profile, curves: Curves, whose: str) -> Section:
    """Predicted against observed risk, the modes of most failures."""
    drawn = {
        label: (one.predicted, one.observed, one.low, one.high)
        for label, one in most(profile, curves)
    }
    return Section(
        "Reliability",
        f"Rows of {whose} by predicted chance of failing within 30 days. Bars hold 90 % of what "
        "chance leaves, the rows before a failure counting as one.",
        plots.reliability_points(drawn),
    )


def ranking(profile: Profile, curves: Curves, whose: str) -> Section:
    """Precision against recall."""
    drawn = {label: (one.recall, one.precision) for label, one in most(profile, curves)}
    return Section(
        "Precision and recall",
        f"Daily rows of {whose}; a row is right when the part fails within 30 days. The modes of "
        "most failures.",
        plots.precision_recall_curve(drawn),
    )


def leads(curves: Curves, whose: str) -> Section:
    """How early alerts came."""
    found = np.sort(np.concatenate([one.lead_days for one in curves.values()] or [[]]))
    failures = sum(one.failures for one in curves.values())
    in_time = int((found >= LEAD_DAYS).sum())
    return Section(
        "Lead time",
        f"From the alert at the model's line to the failure, {whose}: {len(found)} of {failures} "
        f"failures were announced, {in_time} at least {LEAD_DAYS} days ahead. Some failures are "
        "shocks that nothing announces.",
        plots.lead_times(found, "days"),
    )


def cost(
    profile: Profile, tried: Mapping[str, Sequence[Tally]], line: float, whose: str
) -> Section:
    """Money a year per 100 vehicles by line, all modes at the same one."""
    costs = {mode.name: mode.costs for mode in profile.modes}

    def a_year(tallies: Mapping[str, Tally]) -> float:
        return sum(money_a_year(costs[mode], tally) for mode, tally in tallies.items())

    grid = [tally.line for tally in next(iter(tried.values()))]
    spent = [a_year({mode: curve[at] for mode, curve in tried.items()}) for at in range(len(grid))]
    nothing = a_year(no_lines(profile, tried).tallies)
    own = spent[int(np.argmin(np.abs(np.log(np.array(grid) / line))))]
    return Section(
        "Cost by line",
        f"An alert opens when the 30-day risk reaches the line. A year of 100 vehicles, {whose}; "
        f"at the model's line of {line:.0%}, drawn for few false alarms, {own:,.0f} "
        f"{profile.currency} against {nothing:,.0f} when nothing is done.",
        plots.cost_curve(
            grid,
            spent,
            {"doing nothing": nothing},
            ("30-day risk at which an alert opens", f"{profile.currency} a year, 100 vehicles"),
            log=True,
        ),
    )


def gain(tried: Mapping[str, Sequence[Tally]], whose: str) -> Section:
    """Share of failures announced by alerts that the workshop takes."""
    failures = max(1, sum(curve[0].failures for curve in tried.values()))
    points = {(0.0, 0.0)} | {
        (sum(one.alert_rate for one in at), sum(one.caught for one in at) / failures)
        for at in zip(*tried.values(), strict=True)
    }
    rate, share = np.array(sorted(points)).T
    shown = rate <= max(1.0, 1.2 * rate[int(np.argmax(share >= 0.95 * share.max()))])
    return Section(
        "Gain by workshop capacity",
        f"Alerts a week for every 100 vehicles, all modes at one line, and the share of failures "
        f"that they announce {LEAD_DAYS} days ahead; {whose}.",
        plots.gain_curve({"model": (rate[shown], share[shown])}, "alerts a week per 100 vehicles"),
    )


def some(rows: int) -> Ints:
    """Rows enough to tell which features matter."""
    return np.arange(0, rows, max(1, rows // ROWS))


def importance(profile: Profile, bundle: Bundle, values: Floats, whose: str) -> Section:
    """The features that move the modes' risks most, in words; `values` [n x features]."""
    specs = feature_specs(profile)
    weight = np.zeros(len(specs))
    for mode in bundle.modes:
        weight += np.abs(bundle.contributions(mode, values)[:, :-1]).mean(axis=0)
    order = np.argsort(-weight)[:TOP]
    total = max(float(weight.sum()), 1e-9)
    return Section(
        "Most important features",
        f"Mean absolute SHAP value over all modes, on {len(values):,} rows of {whose}.",
        plots.importance(
            [(in_words(profile, specs[i]), float(weight[i]) / total) for i in order.tolist()]
        ),
    )
