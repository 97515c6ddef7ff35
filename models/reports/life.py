"""The report of an evaluation of remaining life (models/evaluation/cmapss.py)."""

from typing import Final

import numpy as np
import xgboost as xgb

from contracts.batches import Floats
from features.profile import Profile
from features.vector import feature_specs
from models.curves import gain, precision_recall
from models.evaluation.cmapss import LifeEvaluation
from models.evaluation.withdrawal import Withdrawn, end_of_life, fixed_interval, withdraw
from models.fusion import INDICES
from models.reports import plots
from models.reports.page import Fact, Report, Section
from models.reports.words import in_words, span_in_words

SOON: Final = 30
"""Cycles ahead that precision and recall are drawn for."""
ROWS: Final = 2_000
TOP: Final = 12


def life_report(profile: Profile, done: LifeEvaluation, command: str) -> Report:
    """Everything that a data scientist asks of it. Test engines appear only where a plot says so:
    decisions are drawn on training engines by trees that had not seen them.
    """
    found = done.figures
    cap = int(profile.rul_cap)
    return Report(
        f"Remaining life, {found.subset}",
        f"Learnt from {found.train_engines} engines run to failure, judged on "
        f"{found.test_engines} engines cut before. Features, rounds and intervals were chosen on "
        "training engines alone, in folds by engine; the test engines were scored once, for the "
        "figures below.",
        command,
        [
            Fact("Error (RMSE), capped", f"{found.rmse_capped:.2f}", f"cycles; both end at {cap}"),
            Fact("Error (RMSE), raw", f"{found.rmse_raw:.2f}", "cycles"),
            Fact("PHM08 score, capped", f"{found.score_capped:.0f}", f"raw {found.score_raw:,.0f}"),
            Fact(
                "In the 90 % interval",
                f"{found.coverage_90:.0%}",
                f"mean width {found.width_90:.1f} cycles",
            ),
            Fact(
                "In the 80 % interval",
                f"{found.coverage_80:.0%}",
                f"mean width {found.width_80:.1f} cycles",
            ),
            Fact(
                "Single seeds",
                f"{found.rmse_capped_seed_mean:.2f}",
                "mean error of members alone",
            ),
            Fact(
                "Training engines left out",
                f"{found.cv_rmse_capped:.2f}",
                "error over whole lives, each engine once",
            ),
        ],
        [
            _intervals(done),
            _coverage(done),
            _learning(done),
            *_decisions(profile, done, cap),
            _importance(profile, done),
        ],
    )


def _intervals(done: LifeEvaluation) -> Section:
    capped = np.minimum(done.true_life, np.float32(done.model.cap))
    return Section(
        "Predicted and true life of the test engines",
        "Each bar is one engine's 90 % interval at its last cycle. Intervals are wide where life "
        "is long and narrow near the end, where it matters.",
        plots.intervals(done.predicted, capped, "cycles left"),
    )


def _coverage(done: LifeEvaluation) -> Section:
    capped = np.minimum(done.true_life, np.float32(done.model.cap))
    within = (done.predicted[:, 1] <= capped) & (capped <= done.predicted[:, 2])
    parts = {
        "all": np.ones(len(capped), np.bool_),
        "up to 40 left": done.predicted[:, 0] <= 40,
        "40 to 90": (done.predicted[:, 0] > 40) & (done.predicted[:, 0] <= 90),
        "above 90": done.predicted[:, 0] > 90,
    }
    kept = {name: rows for name, rows in parts.items() if rows.any()}
    names = [f"{name}\n{int(rows.sum())} engines" for name, rows in kept.items()]
    return Section(
        "Reliability: does the interval hold what it promises?",
        "Share of test engines within their 90 % interval, by predicted life. With few engines in "
        "a group chance moves it by several points.",
        plots.shares(names, [0.9] * len(kept), [float(within[r].mean()) for r in kept.values()]),
    )


def _learning(done: LifeEvaluation) -> Section:
    chosen = int(done.model.members[0].num_boosted_rounds())
    return Section(
        "Learning curve",
        "Error on training engines left out, a thin line a fold. All engines together get a tenth "
        "more rounds than were best on four fifths of them.",
        plots.learning(done.fit.curves, chosen, "error (RMSE), cycles"),
    )


def _decisions(profile: Profile, done: LifeEvaluation, cap: int) -> list[Section]:
    costs = profile.modes[0].costs
    left, vehicle = done.train.life_left, done.train.vehicle
    thresholds = np.arange(2, cap - 4)
    tried = [withdraw(done.fit.predicted, left, vehicle, float(one)) for one in thresholds]
    per_life = [one.cost_per_1000_cycles(costs) for one in tried]
    best = tried[int(np.argmin(per_life))]
    never = end_of_life(left, vehicle).cost_per_1000_cycles(costs)
    fixed = fixed_interval(left, vehicle, costs).cost_per_1000_cycles(costs)
    currency = profile.currency
    return [
        _ranking(done),
        _leads(best),
        Section(
            "Cost by threshold",
            "An engine is withdrawn when its predicted life falls to the threshold. Withdrawing "
            f"at {best.threshold:.0f} cycles costs least: {min(per_life):,.0f} {currency} per "
            f"1,000 cycles against {never:,.0f} when nothing is done and {fixed:,.0f} at the best "
            "fixed interval. Training engines, by trees that had not seen them.",
            plots.cost_curve(
                thresholds,
                per_life,
                {"doing nothing": never, "best fixed interval": fixed},
                ("predicted cycles left at withdrawal", f"{currency} per 1,000 cycles"),
                log=False,
            ),
        ),
        _gain(done),
    ]


def _ranking(done: LifeEvaluation) -> Section:
    soon = (done.true_life <= SOON).astype(np.float32)
    kept = (done.train.life_left <= SOON).astype(np.float32)
    return Section(
        f"Precision and recall: fails within {SOON} cycles",
        f"{int(soon.sum())} of {len(soon)} test engines were that near their end.",
        plots.precision_recall_curve(
            {
                "test engines, last cycle": precision_recall(soon, -done.predicted[:, 0]),
                "training engines left out": precision_recall(kept, -done.fit.predicted),
            }
        ),
    )


def _leads(best: Withdrawn) -> Section:
    return Section(
        "Lead time",
        f"Cycles that engines had left when they were withdrawn at {best.threshold:.0f} predicted "
        f"cycles; {best.broken} of {best.engines} broke before. Training engines left out.",
        plots.lead_times(best.leads, "cycles"),
    )


def _gain(done: LifeEvaluation) -> Section:
    soon = done.train.life_left <= SOON
    failure = np.where(soon, done.train.vehicle, -1).astype(np.int64)
    by_age = np.concatenate(
        [
            np.arange(n, dtype=np.float32)
            for n in np.unique(done.train.vehicle, return_counts=True)[1]
        ]
    )
    model, age = gain(-done.fit.predicted, failure), gain(by_age, failure)
    chance = (np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    per_100 = {
        name: (np.asarray(x) * 100, y)
        for name, (x, y) in {"model": model, "oldest first": age, "chance": chance}.items()
    }
    return Section(
        "Gain by workshop capacity",
        f"Checks a flight for every 100 engines, and the share of failures of the next {SOON} "
        "cycles that they find. Training engines left out.",
        plots.gain_curve(per_100, "checks a flight per 100 engines"),
    )


def _importance(profile: Profile, done: LifeEvaluation) -> Section:
    return Section(
        "Most important features",
        "Mean absolute SHAP value over training rows. Health indices are sums over all sensors "
        "along which worn engines stand apart from sound ones.",
        plots.importance(_weights(profile, done)),
    )


def _weights(profile: Profile, done: LifeEvaluation) -> list[tuple[str, float]]:
    """The greatest shares, in words."""
    model = done.model
    step = max(1, len(done.train) // ROWS)
    values = done.train.values[::step]
    seen: Floats = np.hstack([values[:, model.columns], model.fusion.values(values)])
    told = model.members[0].predict(xgb.DMatrix(seen), pred_contribs=True)[:, :-1]
    weight = np.abs(told).mean(axis=0)
    names = [in_words(profile, feature_specs(profile)[i]) for i in model.columns.tolist()]
    names += _sum_names(profile, seen.shape[1] - len(names))
    order = np.argsort(-weight)[:TOP]
    return [(names[i], float(weight[i] / weight.sum())) for i in order.tolist()]


def _sum_names(profile: Profile, count: int) -> list[str]:
    """Names of the fusion's sums, in its order."""
    specs = [s for s in feature_specs(profile) if s.kind in {"now", "mean", "slope", "recent"}]
    groups = list(dict.fromkeys((spec.kind, spec.half_life) for spec in specs))
    groups += [("level", life) for kind, life in groups if kind == "slope"]
    said = {
        "now": "now",
        "mean": "mean",
        "slope": "trend",
        "recent": "recent change",
        "level": "level now",
    }
    found = [
        f"health index {index + 1}: {said[kind]}{f' over {span_in_words(life)}' if life else ''}"
        for kind, life in groups
        for index in range(INDICES)
    ]
    return [*found, *["all signals in one line (ridge)"] * (count - len(found))]
