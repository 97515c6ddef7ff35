"""Remaining useful life with an interval, for profiles that give a `rul_cap`.

Trees (XGBoost) on the capped life left: long before its end a unit doesn't show how long it will
last (Heimes 2008 caps C-MAPSS at 125 to 130 cycles). They see the features that are linear in the
signals' residuals, the part's age, and the sums of models/fusion.py. Left out, by cross-validation
grouped by unit (docs/decisions): operating signals and what tells units apart rather than their
wear (own baseline, spread, missingness).
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import msgspec
import numpy as np
import xgboost as xgb

from contracts.batches import Flags, Floats, Ints
from contracts.errors import ModelError
from features.profile import Profile
from features.vector import FeatureSpec, feature_specs
from models.conformal import Intervals, fit_intervals
from models.folds import fold_rows
from models.forest import Score, score_of
from models.fusion import SUMMED, Fusion, fit_fusion
from models.hazard import booster_of
from models.life_left import RulRows, life_left
from models.reference import evenly
from models.table import Progress, Table, no_progress

LEVEL: Final = 0.9
"""Chance with which the interval that is published holds the true value."""
NUMBERS_FILE: Final = "rul.json"
LEAST_UNITS: Final = 20
"""Below this many units with a known end there is no model of remaining life."""
MOST_ROWS: Final = 64_000
"""Rows of known life that are learnt from at most, so that memory doesn't grow with history: units
that fail are few, and neighbouring rows of one tell nearly the same.
"""
_MAX_BIN: Final = 128
_MORE_ROUNDS: Final = 1.1
"""Trees on all units get this many times the rounds that were best on four fifths of them."""


@dataclass(frozen=True)
class RulOptions:
    """How to fit. One member a seed, each on another share of the rows: neighbouring rows tell
    nearly the same. `jobs` fits run side by side; the result doesn't depend on it.
    """

    seeds: tuple[int, ...] = (1, 2, 3)
    folds: int = 5
    max_depth: int = 5
    eta: float = 0.03
    subsample: float = 0.7
    colsample_bytree: float = 0.3
    min_child_weight: float = 20.0
    reg_lambda: float = 5.0
    rounds: int = 2_000
    patience: int = 40
    rows: int = 14_000
    jobs: int = 2

    def parameters(self, seed: int) -> dict[str, Any]:
        """As XGBoost names them."""
        return {
            "objective": "reg:squarederror",
            "tree_method": "hist",
            "max_bin": _MAX_BIN,
            "nthread": 1,
            "max_depth": self.max_depth,
            "eta": self.eta,
            "subsample": self.subsample,
            "colsample_bytree": self.colsample_bytree,
            "min_child_weight": self.min_child_weight,
            "lambda": self.reg_lambda,
            "seed": seed,
        }


@dataclass(frozen=True, eq=False)
class RulFit:
    """What the fit was judged by: `predicted` [n] of rows by trees that had not seen their unit;
    `rounds` and `curves` (error on the units held out, after each round) by fold.
    """

    predicted: Floats
    rounds: tuple[int, ...]
    curves: tuple[list[float], ...]


class _Numbers(msgspec.Struct, frozen=True):
    cap: float
    columns: list[int]
    fusion_columns: list[int]
    weights: list[list[float]]
    offset: list[float]
    members: list[str]
    intervals: Intervals


@dataclass(frozen=True, eq=False)
class RulModel:
    """`columns` of the feature vector and the fusion's sums are what the `members` see."""

    cap: float
    columns: Ints
    fusion: Fusion
    members: tuple[Any, ...]
    intervals: Intervals

    def predict(self, values: Floats, level: float = LEVEL) -> Floats:
        """Value, low and high [n x 3] of feature rows [n x features], none above the cap: the
        cap stands for "at least so much". `level` is 0.8 or 0.9.
        """
        value = self.member_values(values).mean(axis=0, dtype=np.float32)
        return np.column_stack([value, self.intervals.bounds(value, level)])

    def member_values(self, values: Floats) -> Floats:
        """The value [members x n] by each member alone."""
        seen = np.hstack([values[:, self.columns], self.fusion.values(values)])
        found = [score(seen) for score in self._scores]
        return np.asarray(np.clip(np.stack(found), 0.0, self.cap), np.float32)

    @cached_property
    def _scores(self) -> tuple[Score, ...]:
        return tuple(score_of(booster) for booster in self.members)

    def to_files(self) -> dict[str, bytes]:
        """All that it consists of, by file name."""
        members = {
            f"rul-{place}.ubj": bytes(booster.save_raw("ubj"))
            for place, booster in enumerate(self.members)
        }
        numbers = _Numbers(
            self.cap,
            self.columns.tolist(),
            self.fusion.columns.tolist(),
            self.fusion.weights.tolist(),
            self.fusion.offset.tolist(),
            list(members),
            self.intervals,
        )
        return {NUMBERS_FILE: msgspec.json.encode(numbers), **members}


def from_files(files: Mapping[str, bytes]) -> RulModel:
    """The inverse of `RulModel.to_files`. Raises ModelError."""
    try:
        numbers = msgspec.json.decode(files[NUMBERS_FILE], type=_Numbers)
        members = tuple(booster_of(files[name]) for name in numbers.members)
    except (msgspec.DecodeError, KeyError, xgb.core.XGBoostError) as error:
        raise ModelError(f"the model of remaining life can't be read ({error})") from error
    fusion = Fusion(
        np.array(numbers.fusion_columns, np.int64),
        np.array(numbers.weights, np.float32),
        np.array(numbers.offset, np.float32),
    )
    columns = np.array(numbers.columns, np.int64)
    return RulModel(numbers.cap, columns, fusion, members, numbers.intervals)


def rul_rows(table: Table) -> RulRows:
    """The table's rows whose life left is known; of more than MOST_ROWS some, evenly apart."""
    left = life_left(
        table.profile, table.courses, table.vehicle, table.time_ms, table.scope.until_ms
    )
    rows = np.flatnonzero(np.isfinite(left))
    rows = rows[evenly(len(rows), MOST_ROWS)]
    return RulRows(table.values(rows), table.vehicle[rows], table.vehicles, left[rows])


def fit_rul(
    rows: RulRows,
    profile: Profile,
    options: RulOptions = RulOptions(),
    progress: Progress = no_progress,
) -> tuple[RulModel, RulFit]:
    """The model and what it was judged by. Raises ModelError with fewer units than LEAST_UNITS.

    Rounds and intervals come from folds by unit; the members are then fitted on all units.
    """
    units = np.unique(rows.vehicle).size
    if units < LEAST_UNITS:
        raise ModelError(
            f"{units} units of profile {profile.name} with a known end are too few to learn "
            f"remaining life from; it takes {LEAST_UNITS}"
        )
    job = _Job(rows, feature_specs(profile), profile.rul_cap, options)
    fold = fold_rows(rows.vehicles, rows.vehicle, options.folds, options.seeds[0])
    predicted = np.empty(len(rows), np.float32)
    rounds, curves = [], []
    with ThreadPoolExecutor(options.jobs) as pool:
        held_out = pool.map(job.hold_out, (fold == number for number in range(options.folds)))
        for number, (booster, curve, values) in enumerate(held_out):
            predicted[fold == number] = values
            rounds.append(booster.best_iteration + 1)
            curves.append(curve)
            progress("remaining life: folds", (number + 1) / options.folds)
        fusion, seen = job.see(np.ones(len(rows), np.bool_))
        count = round(_MORE_ROUNDS * float(np.mean(rounds)))
        members = tuple(
            pool.map(lambda place: job.grow(seen, count, place), range(len(options.seeds)))
        )
    progress("remaining life: members", 1.0)
    limits = (0.0, job.cap)
    intervals = fit_intervals(predicted, job.target, rows.vehicle, limits)
    model = RulModel(job.cap, job.columns, fusion, members, intervals)
    return model, RulFit(predicted, tuple(rounds), tuple(curves))


class _Job:
    """One fit's rows and options. `share` [n]: which share of the rows each belongs to."""

    def __init__(
        self, rows: RulRows, specs: Sequence[FeatureSpec], cap: float, options: RulOptions
    ) -> None:
        self.rows, self.specs, self.cap, self.options = rows, specs, cap, options
        self.target = np.minimum(rows.life_left, np.float32(cap))
        self.columns = _columns(rows.values, specs)
        self.shares = max(1, -(-len(rows) // options.rows))
        self.share = np.arange(len(rows)) % self.shares

    def see(self, known: Flags) -> tuple[Fusion, Floats]:
        """A fusion fitted on the known rows, and what trees see of all rows."""
        values, vehicle = self.rows.values, self.rows.vehicle
        fusion, own = fit_fusion(
            values[known], self.specs, vehicle[known], self.target[known], self.cap
        )
        sums = np.empty((len(values), own.shape[1]), np.float32)
        sums[known] = own
        sums[~known] = fusion.values(values[~known])
        return fusion, np.hstack([values[:, self.columns], sums])

    def hold_out(self, out: Flags) -> tuple[Any, list[float], Floats]:
        """Trees without some units, their error on these by round, and what they say of them."""
        _, seen = self.see(~out)
        some = self.share == 0
        matrix = self._matrix(seen, ~out & some)
        judged = self._matrix(seen, out & some, matrix)
        told: dict[str, dict[str, list[float]]] = {}
        booster = xgb.train(
            self.options.parameters(self.options.seeds[0]),
            matrix,
            self.options.rounds,
            evals=[(judged, "held_out")],
            evals_result=told,
            early_stopping_rounds=self.options.patience,
            verbose_eval=False,
        )
        last = (0, booster.best_iteration + 1)
        values = booster.inplace_predict(seen[out], iteration_range=last)
        return booster, told["held_out"]["rmse"], np.clip(values, 0.0, self.cap)

    def grow(self, seen: Floats, rounds: int, place: int) -> Any:  # noqa: ANN401
        """Trees on all units and one share of the rows."""
        matrix = self._matrix(seen, self.share == place % self.shares)
        grown = xgb.train(self.options.parameters(self.options.seeds[place]), matrix, rounds)
        return booster_of(bytes(grown.save_raw("ubj")))

    def _matrix(self, seen: Floats, rows: Flags, ref: Any = None) -> Any:  # noqa: ANN401
        return xgb.QuantileDMatrix(
            seen[rows], self.target[rows], max_bin=_MAX_BIN, nthread=1, ref=ref
        )


def _columns(values: Floats, specs: Sequence[FeatureSpec]) -> Ints:
    """Features that are linear in residuals, of signals that are judged, and ages; only those
    that vary.
    """
    judged = {spec.signal for spec in specs if spec.kind == "recent"}
    chosen = [
        place
        for place, spec in enumerate(specs)
        if (spec.kind in SUMMED and spec.signal in judged)
        or (spec.kind == "age" and spec.subject != "vehicle")
    ]
    return np.array([place for place in chosen if _varies(values[:, place])], np.int64)


def _varies(column: Floats) -> bool:
    known = column[np.isfinite(column)].astype(np.float64)
    return bool(known.size and known.std() > 1e-6)
