"""Whether ranges of risk (models/interval.py) hold what they promise, on fresh vehicles.

A range says where the share that fails lies, in 9 of 10 cases, among vehicles with such a risk. The
simulator's oracle knows that share without the dice: the mean of its risk over the rows. What came
of fresh vehicles has the dice in it once more, so an honest range holds it less often: at 30 days,
with as many failures among fresh vehicles as among held-out ones, in 3 of 4 cases (two errors of
one size make one 1.41 times as wide), at 7 days still less.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from contracts.batches import Floats, Ints
from contracts.risk import HORIZONS_DAYS, MONTH
from ingest.simulator.fleet import Fleet
from models.bundle import Bundle
from models.curves import bin_of
from models.fared import came_in_days
from models.interval import risk_ranges
from models.record import ModeCurves, TrainingRecord
from models.table import Table

PROMISED: Final = 0.9
LEAST_VEHICLES: Final = 10
"""Fresh vehicles in a case below which its mean tells of them, not of vehicles like them."""


class RangeFigures(msgspec.Struct, frozen=True):
    """Ranges at one horizon. A case is a mode and a bin of predicted 30-day risk (models/curves.py)
    with ten fresh vehicles or more. `coverage`: share of cases whose range holds the oracle's mean
    risk; `coverage_came` the share that failed; `width`: mean of high less low.
    """

    cases: int
    coverage: float
    coverage_came: float
    width: float


@dataclass(frozen=True, eq=False)
class Fresh:
    """Fresh rows of one mode: `vehicle` [n]; the model's and the oracle's risk and what came of
    them (NaN: not known), each [n x horizons]; the curves of the vehicles held out in training.
    """

    vehicle: Ints
    risk: Floats
    oracle: Floats
    came: Floats
    curves: ModeCurves


@dataclass(frozen=True)
class _Case:
    low: float
    high: float
    oracle: float
    came: float


def fresh_modes(
    table: Table, fleet: Fleet, bundle: Bundle, record: TrainingRecord, values: Floats
) -> list[Fresh]:
    """Rows of a fresh fleet's `table`, with their features `values`, of each mode with ranges."""
    found = []
    for one in record.modes:
        if one.curves is None:
            continue
        model = bundle.models[bundle.modes.index(one.mode)]
        came = [came_in_days(table, one.mode, days) for days in HORIZONS_DAYS]
        oracle = np.full((len(table), len(HORIZONS_DAYS)), np.nan, np.float32)
        for place, vehicle in enumerate(table.vehicles):
            own = np.flatnonzero(table.vehicle == place)
            for column, days in enumerate(HORIZONS_DAYS):
                oracle[own, column] = fleet.oracle_risk(vehicle, one.mode, table.time_ms[own], days)
        risk = model.risk(model.margin(values), HORIZONS_DAYS)
        found.append(Fresh(table.vehicle, risk, oracle, np.column_stack(came), one.curves))
    return found


def judge_ranges(modes: Sequence[Fresh]) -> dict[str, RangeFigures]:
    """Figures by horizon in days; none where no case has a range."""
    cases = [case for one in modes for case in _cases(one)]
    if not cases:
        return {}
    return {
        str(days): _figures([case[place] for case in cases])
        for place, days in enumerate(HORIZONS_DAYS)
    }


def _cases(one: Fresh) -> list[list[_Case]]:
    """The ranges of each bin, by horizon."""
    found = []
    bins = bin_of(one.risk[:, MONTH])
    whole = np.isfinite(one.oracle).all(axis=1)
    for place in np.unique(bins).tolist():
        rows = whole & (bins == place)
        if np.unique(one.vehicle[rows]).size < LEAST_VEHICLES:
            continue
        ranges = risk_ranges(one.curves, one.risk[rows].mean(axis=0, dtype=np.float64).tolist())
        if ranges is None:
            continue
        oracle = one.oracle[rows].mean(axis=0, dtype=np.float64).tolist()
        came = [_mean(one.came[rows, horizon]) for horizon in range(len(HORIZONS_DAYS))]
        found.append(
            [_Case(*limits, *held) for limits, *held in zip(ranges, oracle, came, strict=True)]
        )
    return found


def _figures(cases: Sequence[_Case]) -> RangeFigures:
    known = [one for one in cases if np.isfinite(one.came)]
    return RangeFigures(
        len(cases),
        float(np.mean([one.low <= one.oracle <= one.high for one in cases])),
        float(np.mean([one.low <= one.came <= one.high for one in known])) if known else np.nan,
        float(np.mean([one.high - one.low for one in cases])),
    )


def _mean(came: Floats) -> float:
    known = came[np.isfinite(came)]
    return float(known.mean(dtype=np.float64)) if known.size else float("nan")
