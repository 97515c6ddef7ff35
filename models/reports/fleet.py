"""The report of an evaluation on a simulated fleet (models/evaluation/fleet.py)."""

from collections.abc import Callable, Mapping

import numpy as np

from features.profile import Profile
from models.evaluation.figures import FleetFigures, ModeFigures
from models.evaluation.fleet import FleetEvaluation
from models.evaluation.not_a_toy import checks
from models.evaluation.ranges import PROMISED
from models.evaluation.tenths import HONEST, LEAST_EVENTS
from models.evaluation.toy import ToyFigures
from models.reports import hazard, plots
from models.reports.page import Fact, Report, Section

_FRESH = "fresh vehicles"


def fleet_report(profile: Profile, done: FleetEvaluation, command: str) -> Report:
    """Everything that a data scientist asks of it. Plots are of the fresh vehicles, but for the
    learning curve.
    """
    found = done.figures
    line = float(np.median(list(done.bundle.lines.values())))
    drawn = {name: one for name, one in done.curves.items() if found.methods[name] == "trees"}
    learnt = {one.mode: one.curves for one in done.record.modes if one.curves}
    return Report(
        f"Failures of a simulated fleet: {profile.label}",
        f"Learnt from {found.train_vehicles} simulated vehicles over {found.days} days (seed "
        f"{found.seeds[0]}), judged on {found.fresh_vehicles} fresh ones (seed {found.seeds[1]}). "
        "Rounds, calibration, lines and the best single feature were chosen on training vehicles "
        "alone, in folds by vehicle; the fresh fleet was scored once. The oracle knows the hidden "
        "wear and its laws, and not the dice.",
        command,
        [
            Fact("AUC", _mean(done, lambda one: one.auc), "mean of the modes, 30 days ahead"),
            Fact("AUC of the oracle", _mean(done, lambda one: one.oracle_auc), "mean of the modes"),
            Fact(
                "Average precision",
                _mean(done, lambda one: one.average_precision),
                f"oracle {_mean(done, lambda one: one.oracle_average_precision)}, best single "
                f"feature {_mean(done, lambda one: one.best_single_feature_ap)}",
            ),
            Fact(
                "Expected over observed",
                f"{np.nanmedian([one.expected_over_observed for one in found.modes.values()]):.2f}",
                "median of the modes; 1 is honest",
            ),
            *(
                Fact(
                    profile.mode(name).label,
                    f"{one.auc:.3f}",
                    f"AUC, oracle {one.oracle_auc:.3f}; {one.events} failures, exp./obs. "
                    f"{one.expected_over_observed:.2f}",
                )
                for name, one in found.modes.items()
            ),
            *(_asked(found, found.toy) if found.toy else []),
        ],
        [
            _beside(profile, done),
            _precision(profile, done),
            hazard.learning(profile, learnt),
            hazard.reliability(profile, drawn, _FRESH),
            _tenths(profile, done),
            _ranges(done),
            *([_shuffled(profile, found, found.toy)] if found.toy else []),
            hazard.ranking(profile, drawn, _FRESH),
            hazard.leads(done.curves, _FRESH),
            hazard.cost(profile, done.tried, line, _FRESH),
            hazard.gain(done.tried, _FRESH),
            hazard.importance(
                profile, done.bundle, done.fresh.values(hazard.some(len(done.fresh))), _FRESH
            ),
        ],
    )


def _mean(done: FleetEvaluation, figure: Callable[[ModeFigures], float]) -> str:
    return f"{np.nanmean([figure(one) for one in done.figures.modes.values()]):.3f}"


def _beside(profile: Profile, done: FleetEvaluation) -> Section:
    return Section(
        "Beside the oracle",
        "Area under the ROC curve by mode. What is left between the oracle and 1 are shocks and "
        "hidden thresholds; what is left between model and oracle is what could still be learnt.",
        _bars(profile, done, {"model": "auc", "oracle": "oracle_auc"}, ("AUC", 0.5, 1.0)),
    )


def _precision(profile: Profile, done: FleetEvaluation) -> Section:
    return Section(
        "Beside plain rules",
        "Average precision by mode: the model, the best of all single features (chosen on training "
        "vehicles), the mode's fault codes, and the part's age.",
        _bars(
            profile,
            done,
            {
                "model": "average_precision",
                "best feature": "best_single_feature_ap",
                "fault codes": "fault_code_rule_ap",
                "age": "age_rule_ap",
            },
            ("average precision", 0.0, 1.0),
        ),
    )


def _tenths(profile: Profile, done: FleetEvaluation) -> Section:
    found = done.figures
    judged = [(name, one) for name, mode in found.modes.items() for one in mode.tenths]
    ratios = [one.expected_over_observed for _, one in judged]
    oracle = [one.oracle_over_observed for _, one in judged]
    return Section(
        "Calibration by tenth",
        f"Rows by predicted risk in ten equal parts, those that {LEAST_EVENTS} failures or more "
        f"came of: expected over observed failures is {HONEST[0]} to {HONEST[1]} in "
        f"{found.tenths_honest} of {found.tenths_judged}. By the oracle's risk of the same rows it "
        f"is in {found.tenths_honest_oracle}: what it misses by is the dice alone.",
        plots.grouped(
            [f"{profile.mode(name).label}, tenth {one.place}" for name, one in judged],
            {"expected": ratios, "the oracle expected": oracle},
            ("expected over observed", 0.0, max([1.5, *ratios, *oracle])),
            0.9 + 0.35 * len(judged),
        ),
    )


def _ranges(done: FleetEvaluation) -> Section:
    found = done.figures.ranges
    cases = next((one.cases for one in found.values()), 0)
    came = ", ".join(f"{one.coverage_came:.0%} at {days}" for days, one in found.items())
    return Section(
        "Ranges of risk",
        f"The share of {cases} cases (a part, vehicles of like risk) whose 90 % range holds the "
        f"risk by the oracle, by horizon. What came of these vehicles, with the dice in it "
        f"once more, is held in {came or 'none'} days.",
        plots.shares(
            [f"{days} days" for days in found],
            [PROMISED] * len(found),
            [one.coverage for one in found.values()],
        ),
    )


def _asked(found: FleetFigures, toy: ToyFigures) -> list[Fact]:
    """What tells the simulated fleet from a toy, each held against what is asked."""
    return [
        Fact(
            f"{one.name[0].upper()}{one.name[1:]}",
            f"{one.found:.3g}",
            f"{'as' if one.holds else 'NOT as'} asked: {one.asked}"
            + (f"; {one.by_mode} modes" if one.by_mode else ""),
        )
        for one in checks(found, toy)
    ]


def _shuffled(profile: Profile, found: FleetFigures, toy: ToyFigures) -> Section:
    told = toy.disguise
    return Section(
        "Not a toy",
        "Trees grown on failures dealt out by chance rank such failures of fresh vehicles as "
        "chance does (0.5), or they were told the answer. Of "
        f"{toy.failures:,} failures {toy.shock_share:.0%} came without a sign. {told.vehicles} "
        "vehicles under other names and half a year later have the same 30-day risk but for "
        f"{told.change:.2g}.",
        plots.grouped(
            [profile.mode(name).label for name in toy.shuffled_auc],
            {
                "model": [found.modes[name].auc for name in toy.shuffled_auc],
                "outcomes shuffled": list(toy.shuffled_auc.values()),
            },
            ("AUC", 0.3, 1.0),
            0.9 + 0.5 * len(toy.shuffled_auc),
        ),
    )


def _bars(
    profile: Profile,
    done: FleetEvaluation,
    figures: Mapping[str, str],
    axis: tuple[str, float, float],
) -> str:
    """A group of bars a mode; `figures`: what each bar is called, and its name in ModeFigures."""
    modes = done.figures.modes
    return plots.grouped(
        [profile.mode(name).label for name in modes],
        {
            told: [getattr(one, figure) for one in modes.values()]
            for told, figure in figures.items()
        },
        axis,
        0.9 + 0.5 * len(modes),
    )
