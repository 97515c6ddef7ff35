"""Fresh rows of one failure mode with a known outcome, and what model and oracle said of them."""

from dataclasses import dataclass

import numpy as np

from contracts.batches import Floats, Ints
from contracts.risk import ALERT_DAYS, HORIZONS_DAYS, MONTH
from ingest.simulator.fleet import Fleet
from models.bundle import Bundle
from models.fared import came_in_days
from models.table import DAY_MS, Table


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


def judge(table: Table, fleet: Fleet, bundle: Bundle, mode: str, values: Floats) -> Judged:
    """One mode of a fresh fleet's `table` with its features `values`."""
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


def distinct(failure: Ints) -> int:
    """How many failures these rows [n] lie before."""
    return int(np.unique(failure[failure >= 0]).size)
