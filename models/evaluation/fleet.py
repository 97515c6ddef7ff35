"""Models of a simulated fleet, judged on fresh vehicles beside the oracle and plain rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import msgspec
import numpy as np

from contracts.batches import Floats, Ints
from contracts.risk import ALERT_DAYS, HORIZONS_DAYS, MONTH
from features.profile import Mode, Profile
from features.vector import FeatureSpec, feature_specs
from ingest.simulator.fleet import Fleet
from ingest.simulator.spec import FleetSpec
from models.alarms import Tally
from models.bundle import Bundle
from models.evaluation.ranges import RangeFigures, fresh_modes, judge_ranges
from models.fared import came_in_days, mode_curves, series_of
from models.grow import Trees
from models.memory_history import MemoryHistory
from models.metrics import auc, average_precision, expected_over_observed
from models.record import ModeCurves, TrainingRecord
from models.table import DAY_MS, Progress, Scope, Table, no_progress, tabulate
from models.thresholds import curves as tallies
from models.training import Options, train

LEAST_EVENTS: Final = 20
"""Failures that a tenth of the rows must lie before, for its calibration to mean anything."""
_THINNED: Final = 4
"""The best single feature is looked for on every so manyth training row."""


HONEST: Final = (0.8, 1.25)
"""Expected over observed failures of a tenth whose probabilities may be taken at their word."""


class Tenth(msgspec.Struct, frozen=True):
    """Rows of one tenth of the predicted risk, the `place`th from the lowest (1 to 10): `events`
    distinct failures they lie before. `oracle_over_observed`: what the oracle expected of the same
    rows, which only the dice take from 1.
    """

    expected_over_observed: float
    oracle_over_observed: float
    events: int
    rows: int
    place: int

    @property
    def honest(self) -> bool:
        """Whether its probabilities may be taken at their word."""
        return _honest(self.expected_over_observed)


def _honest(ratio: float) -> bool:
    return HONEST[0] <= ratio <= HONEST[1]


class ModeFigures(msgspec.Struct, frozen=True):
    """One failure mode 30 days ahead, on fresh vehicles. `tenths` by predicted risk, lowest first;
    only those with at least 20 failures count.
    """

    events: int
    auc: float
    oracle_auc: float
    average_precision: float
    oracle_average_precision: float
    best_single_feature_ap: float
    best_single_feature: str
    fault_code_rule_ap: float
    age_rule_ap: float
    expected_over_observed: float
    tenths: list[Tenth]


class FleetFigures(msgspec.Struct, frozen=True):
    """Figures of a profile by mode. `methods` of a mode: trees, or what stood in for them.
    `tenths_honest` of `tenths_judged` tenths of all modes have 0.8 to 1.25 times as many failures
    expected as came; by the oracle's expectation of the same rows it were `tenths_honest_oracle`.
    `ranges` of risk by horizon in days.
    """

    profile: str
    train_vehicles: int
    fresh_vehicles: int
    days: int
    seeds: tuple[int, int]
    modes: dict[str, ModeFigures]
    methods: dict[str, str]
    tenths_judged: int
    tenths_honest: int
    tenths_honest_oracle: int
    ranges: dict[str, RangeFigures]


@dataclass(frozen=True, eq=False)
class Judged:
    """Fresh rows of one mode with a known outcome: rows of the table, `came`, model's and oracle's
    risk [n], and the number of the failure ahead [n], -1 for none; `whole` is the model's risk of
    all rows of the table [rows x horizons].
    """

    rows: Ints
    came: Floats
    risk: Floats
    oracle: Floats
    failure: Ints
    whole: Floats


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


def evaluate(plan: Plan, progress: Progress = no_progress) -> FleetEvaluation:
    """Learn from one fleet, judge on another that nothing was chosen on."""
    profile = plan.profile
    bundle, record, history = learn(plan, progress)
    known = _table(history, bundle, profile, progress)
    picked = {mode.name: _best_single(known, mode.name) for mode in profile.modes}
    del history, known
    fleet = plan.fleet(fresh=True)
    fresh = _table(simulated(fleet, profile.name), bundle, profile, progress)
    values = fresh.values()
    judged = {name: _judge(fresh, fleet, bundle, name, values) for name in bundle.modes}
    modes = {
        name: _figures(profile.mode(name), one, values, picked[name], feature_specs(profile))
        for name, one in judged.items()
    }
    tenths = [tenth for one in modes.values() for tenth in one.tenths]
    figures = FleetFigures(
        profile=profile.name,
        train_vehicles=plan.train_vehicles,
        fresh_vehicles=plan.fresh_vehicles,
        days=plan.days,
        seeds=plan.seeds,
        modes=modes,
        methods={one.mode: one.method for one in record.modes},
        tenths_judged=len(tenths),
        tenths_honest=sum(one.honest for one in tenths),
        tenths_honest_oracle=sum(_honest(one.oracle_over_observed) for one in tenths),
        ranges=judge_ranges(fresh_modes(fresh, fleet, bundle, record, values)),
    )
    return FleetEvaluation(figures, bundle, record, fresh, judged)


def _table(history: MemoryHistory, bundle: Bundle, profile: Profile, progress: Progress) -> Table:
    since, until = history.span("default", profile.name)
    scope = Scope("default", since, until)
    return tabulate(history, profile, bundle.expectation, scope, progress)


def _judge(table: Table, fleet: Fleet, bundle: Bundle, mode: str, values: Floats) -> Judged:
    came = came_in_days(table, mode)
    oracle = np.full(len(table), np.nan, np.float32)
    failure = np.full(len(table), -1, np.int64)
    number = 0
    for place, vehicle in enumerate(table.vehicles):
        own = np.flatnonzero(table.vehicle == place)
        times = table.time_ms[own]
        oracle[own] = fleet.oracle_risk(vehicle, mode, times, ALERT_DAYS)
        for time in table.courses[place].modes[mode].failed.tolist():
            ahead = (times < time) & (times >= time - ALERT_DAYS * DAY_MS)
            failure[own[ahead]] = number
            number += 1
    rows = np.flatnonzero(np.isfinite(came) & np.isfinite(oracle))
    model = bundle.models[bundle.modes.index(mode)]
    risk = model.risk(model.margin(values), HORIZONS_DAYS)
    return Judged(rows, came[rows], risk[rows, MONTH], oracle[rows], failure[rows], risk)


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
        events=_distinct(judged.failure),
        auc=auc(came, judged.risk),
        oracle_auc=auc(came, judged.oracle),
        average_precision=average_precision(came, judged.risk),
        oracle_average_precision=average_precision(came, judged.oracle),
        best_single_feature_ap=average_precision(came, _known(sign * own[:, column])),
        best_single_feature=specs[column].name,
        fault_code_rule_ap=average_precision(came, _codes(mode, own, specs)),
        age_rule_ap=average_precision(came, _age(mode, own, specs)),
        expected_over_observed=expected_over_observed(came, judged.risk),
        tenths=_tenths(judged),
    )


def _tenths(judged: Judged) -> list[Tenth]:
    found = []
    tenths = np.array_split(np.argsort(judged.risk, kind="stable"), 10)
    for place, rows in enumerate(tenths, start=1):
        events = _distinct(judged.failure[rows])
        if events >= LEAST_EVENTS:
            came = judged.came[rows]
            own = expected_over_observed(came, judged.risk[rows])
            oracle = expected_over_observed(came, judged.oracle[rows])
            found.append(Tenth(own, oracle, events, len(rows), place))
    return found


def _distinct(failure: Ints) -> int:
    return int(np.unique(failure[failure >= 0]).size)


def _best_single(table: Table, mode: str) -> tuple[int, int]:
    """The column and sign that rank the training rows best."""
    came = came_in_days(table, mode)
    rows = np.flatnonzero(np.isfinite(came))[::_THINNED]
    values, label = table.values(rows), came[rows]
    best, found = -1.0, (0, 1)
    for column in range(values.shape[1]):
        for sign in (1, -1):
            reached = average_precision(label, _known(sign * values[:, column]))
            if reached > best:
                best, found = reached, (column, sign)
    return found


def _codes(mode: Mode, values: Floats, specs: Sequence[FeatureSpec]) -> Floats:
    """Fault codes of the mode seen lately."""
    longest = [spec.half_life for spec in specs if spec.kind == "count"][-1]
    columns = [
        place
        for place, spec in enumerate(specs)
        if spec.kind == "count" and spec.half_life == longest and spec.subject in mode.fault_codes
    ]
    return np.asarray(values[:, columns].sum(axis=1), np.float32)


def _age(mode: Mode, values: Floats, specs: Sequence[FeatureSpec]) -> Floats:
    column = next(i for i, s in enumerate(specs) if s.kind == "age" and s.subject == mode.part)
    return _known(values[:, column])


def _known(score: Floats) -> Floats:
    """What is unknown ranks last."""
    return np.nan_to_num(score, nan=-1e9)
