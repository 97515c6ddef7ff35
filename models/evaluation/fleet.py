"""Models of a simulated fleet, judged on fresh vehicles beside the oracle and plain rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from contracts.batches import Floats
from contracts.risk import MONTH
from features.profile import Mode, Profile
from features.vector import FeatureSpec, feature_specs
from ingest.simulator.fleet import Fleet
from ingest.simulator.spec import FleetSpec
from models.alarms import Tally
from models.bundle import Bundle
from models.evaluation import rules
from models.evaluation.disguise import Disguise, disguise
from models.evaluation.figures import FleetFigures, ModeFigures
from models.evaluation.judged import Judged, distinct, judge
from models.evaluation.ranges import RangeFigures, fresh_modes, judge_ranges
from models.evaluation.shuffled import Shuffled
from models.evaluation.tenths import tenths
from models.evaluation.toy import ToyFigures, toy_figures
from models.fared import mode_curves, series_of
from models.grow import Trees
from models.memory_history import MemoryHistory
from models.metrics import auc, average_precision, expected_over_observed
from models.record import ModeCurves, TrainingRecord
from models.table import Progress, Scope, Table, no_progress, tabulate
from models.thresholds import curves as tallies
from models.training import Options, train


@dataclass(frozen=True, eq=False)
class FleetEvaluation:
    """The figures and what they were computed from; what only a report asks for, when it asks."""

    figures: FleetFigures
    bundle: Bundle
    record: TrainingRecord
    fresh: Table
    judged: dict[str, Judged]

    @cached_property
    def curves(self) -> dict[str, ModeCurves]:
        """Curves of the fresh rows by mode; none of one that never failed."""
        found = {
            name: mode_curves(self.fresh, name, one.whole, self.bundle.lines[name])
            for name, one in self.judged.items()
        }
        return {name: one for name, one in found.items() if one}

    @cached_property
    def tried(self) -> dict[str, list[Tally]]:
        """What every line would have come to on the fresh vehicles, by mode."""
        series = {name: series_of(self.fresh, name) for name in self.judged}
        return tallies(series, {name: one.whole[:, MONTH] for name, one in self.judged.items()})


@dataclass(frozen=True)
class Plan:
    """How many vehicles of a profile to learn from and to judge on, for how long, from which
    seeds. `start_ms` is the first day of both; `trees` how they are grown.
    """

    profile: Profile
    train_vehicles: int
    fresh_vehicles: int
    days: int
    seeds: tuple[int, int]
    start_ms: int
    trees: Trees = field(default_factory=Trees)

    def fleet(self, *, fresh: bool) -> Fleet:
        """The fleet to learn from, or the fresh one."""
        count = self.fresh_vehicles if fresh else self.train_vehicles
        spec = FleetSpec({self.profile.name: count}, self.seeds[fresh], self.start_ms, self.days)
        return Fleet(spec)


def simulated(fleet: Fleet, profile: str) -> MemoryHistory:
    """The fleet's whole history, in memory."""
    return MemoryHistory(profile, fleet.history(fleet.spec.end_ms))


def learn(
    plan: Plan, progress: Progress = no_progress
) -> tuple[Bundle, TrainingRecord, MemoryHistory]:
    """A bundle of the fleet to learn from, its record, and that fleet's history."""
    history = simulated(plan.fleet(fresh=False), plan.profile.name)
    options = Options(trees=plan.trees)
    bundle, record = train(history, plan.profile, options, progress=progress)
    return bundle, record, history


def evaluate(
    plan: Plan, progress: Progress = no_progress, *, toy_checks: bool = True
) -> FleetEvaluation:
    """Learn from one fleet, judge on another that nothing was chosen on. `toy_checks`: also find
    out whether the simulated fleets are a toy (models/evaluation/toy.py).
    """
    profile = plan.profile
    bundle, record, history = learn(plan, progress)
    known = _table(history, bundle, profile, progress)
    picked = {mode.name: rules.best_single(known, mode.name) for mode in profile.modes}
    trees = [one.mode for one in record.modes if one.method == "trees"]
    shuffled = Shuffled.learn(known, plan.trees, trees, progress) if toy_checks else None
    del history, known
    fleet = plan.fleet(fresh=True)
    fresh, disguised = _fresh(fleet, bundle, profile, progress, toy_checks=toy_checks)
    values = fresh.values()
    judged = {name: judge(fresh, fleet, bundle, name, values) for name in bundle.modes}
    modes = {
        name: _figures(profile.mode(name), one, values, picked[name], feature_specs(profile))
        for name, one in judged.items()
    }
    ranges = judge_ranges(fresh_modes(fresh, fleet, bundle, record, values))
    toy = None
    if shuffled and disguised:
        toy = toy_figures(fleet, shuffled.auc(fresh, values), disguised)
    figures = _whole(plan, record, modes, ranges, toy)
    return FleetEvaluation(figures, bundle, record, fresh, judged)


def _fresh(
    fleet: Fleet, bundle: Bundle, profile: Profile, progress: Progress, *, toy_checks: bool
) -> tuple[Table, Disguise | None]:
    """The fresh fleet's rows, and what its vehicles' scores are under other names and times."""
    history = simulated(fleet, profile.name)
    disguised = disguise(history, profile, bundle) if toy_checks else None
    return _table(history, bundle, profile, progress), disguised


def _table(history: MemoryHistory, bundle: Bundle, profile: Profile, progress: Progress) -> Table:
    since, until = history.span("default", profile.name)
    scope = Scope("default", since, until)
    return tabulate(history, profile, bundle.expectation, scope, progress)


def _whole(
    plan: Plan,
    record: TrainingRecord,
    modes: dict[str, ModeFigures],
    ranges: dict[str, RangeFigures],
    toy: ToyFigures | None,
) -> FleetFigures:
    parts = [tenth for one in modes.values() for tenth in one.tenths]
    return FleetFigures(
        profile=plan.profile.name,
        train_vehicles=plan.train_vehicles,
        fresh_vehicles=plan.fresh_vehicles,
        days=plan.days,
        seeds=plan.seeds,
        modes=modes,
        methods={one.mode: one.method for one in record.modes},
        tenths_judged=len(parts),
        tenths_honest=sum(one.honest for one in parts),
        tenths_honest_oracle=sum(one.honest_oracle for one in parts),
        ranges=ranges,
        toy=toy,
    )


def _figures(
    mode: Mode,
    judged: Judged,
    values: Floats,
    picked: tuple[int, int],
    specs: Sequence[FeatureSpec],
) -> ModeFigures:
    came, own = judged.came, values[judged.rows]
    column, sign = picked
    return ModeFigures(
        events=distinct(judged.failure),
        auc=auc(came, judged.risk),
        oracle_auc=auc(came, judged.oracle),
        average_precision=average_precision(came, judged.risk),
        oracle_average_precision=average_precision(came, judged.oracle),
        best_single_feature_ap=average_precision(came, rules.known(sign * own[:, column])),
        best_single_feature=specs[column].name,
        fault_code_rule_ap=average_precision(came, rules.codes(mode, own, specs)),
        age_rule_ap=average_precision(came, rules.age(mode, own, specs)),
        expected_over_observed=expected_over_observed(came, judged.risk),
        tenths=tenths(judged),
    )
