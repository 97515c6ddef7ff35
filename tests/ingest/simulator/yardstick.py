"""How hard is the simulated task? Simple features, XGBoost, the oracle and the best single feature.

A stand-in for the real engine: per signal the residual's mean of the last 4, 15 and 45 days less
the vehicle's own first three weeks; ages of parts; fault codes of the last 30 days.
"""

from dataclasses import dataclass

import numpy as np
import xgboost as xgb

from features.expectation import fit_expectation
from features.profile import builtin_profile
from ingest.simulator.fleet import Fleet
from ingest.simulator.spec import DAY_MS

WINDOWS_DAYS = (4, 15, 45)
STEP_DAYS = 4
WARM_UP_DAYS = 50
HORIZON_DAYS = 30
PARAMS = {
    "objective": "binary:logistic",
    "max_depth": 4,
    "eta": 0.06,
    "subsample": 0.6,
    "colsample_bytree": 0.3,
    "min_child_weight": 10,
    "lambda": 5,
    "max_bin": 64,
    "nthread": 1,
    "seed": 1,
}
ROUNDS = 130


@dataclass
class Table:
    """`x` [rows x features]; `vehicle` [rows] number; `time_ms` [rows]; per mode `label` (NaN =
    not known) and `oracle`.
    """

    names: list[str]
    x: np.ndarray
    vehicle: np.ndarray
    time_ms: np.ndarray
    label: dict[str, np.ndarray]
    oracle: dict[str, np.ndarray]


def tabulate(fleet: Fleet, profile_name: str) -> Table:
    profile = builtin_profile(profile_name)
    chunks = list(fleet.history(fleet.spec.end_ms))
    means = np.concatenate([part.stats[:, :, 1] for part, _ in chunks])
    expectation = fit_expectation(profile, means[::23])
    blocks = []
    for part, events in chunks:
        residuals = expectation.residuals(part.stats[:, :, 1])
        np.clip(residuals, -8, 8, out=residuals)
        ids = np.array(part.vehicle_id)
        for vehicle_id in dict.fromkeys(part.vehicle_id):
            rows = ids == vehicle_id
            own = [event for event in events if event.vehicle_id == vehicle_id]
            blocks.append(
                _vehicle(fleet, profile, vehicle_id, part.time_ms[rows], residuals[rows], own)
            )
    number = np.repeat(np.arange(len(blocks)), [len(b[1]) for b in blocks])
    names = [f"{s.column}.{w}d" for w in WINDOWS_DAYS for s in profile.signals]
    names += [f"{s.column}.rise" for s in profile.signals]
    names += ["frames.45d"]
    names += [f"age.{part}" for part in profile.parts]
    names += [f"code.{fault.code}" for fault in profile.fault_codes]
    modes = [mode.name for mode in profile.modes]
    return Table(
        names,
        np.concatenate([b[0] for b in blocks]),
        number,
        np.concatenate([b[1] for b in blocks]),
        {m: np.concatenate([b[2][m] for b in blocks]) for m in modes},
        {m: np.concatenate([b[3][m] for b in blocks]) for m in modes},
    )


def _vehicle(fleet, profile, vehicle_id, time_ms, residuals, events):
    spec = fleet.spec
    last = spec.days - HORIZON_DAYS
    at = spec.start_ms + np.arange(WARM_UP_DAYS, last, STEP_DAYS) * DAY_MS
    total = np.cumsum(np.vstack([np.zeros_like(residuals[:1]), np.nan_to_num(residuals)]), 0, float)
    end = np.searchsorted(time_ms, at)
    base_end = max(int(np.searchsorted(time_ms, spec.start_ms + 21 * DAY_MS)), 1)
    base = total[base_end] / base_end
    columns = []
    for window in WINDOWS_DAYS:
        begin = np.searchsorted(time_ms, at - window * DAY_MS)
        count = (end - begin)[:, None]
        mean = (total[end] - total[begin]) / np.maximum(count, 1)
        columns.append(np.where(count > 0, mean - base, np.nan))
    columns.append(columns[0] - columns[2])
    columns.append(count.astype(float))
    for part in profile.parts:
        fitted = [e.time_ms for e in events if e.kind == "replacement" and e.code == part]
        columns.append(_since(fitted, at, spec.start_ms)[:, None])
    for fault in profile.fault_codes:
        seen = np.array(
            [e.time_ms for e in events if e.kind == "fault_code" and e.code == fault.code]
        )
        within = (seen[None] <= at[:, None]) & (seen[None] > at[:, None] - 30 * DAY_MS)
        columns.append(within.sum(1)[:, None])
    labels = {mode.name: _label(mode, events, at) for mode in profile.modes}
    oracle = {
        mode.name: fleet.oracle_risk(vehicle_id, mode.name, at, HORIZON_DAYS)
        for mode in profile.modes
    }
    return np.hstack(columns).astype(np.float32), at, labels, oracle


def _since(moments, at, start):
    moments = np.array([start, *moments])
    return (at - moments[np.searchsorted(moments, at, side="right") - 1]) / DAY_MS


def _label(mode, events, at):
    """1 where the mode fails within the horizon, 0 where not, NaN where its part was replaced
    before it could, or stands broken.
    """
    label = np.zeros(len(at))
    failed = 0
    for event in events:
        if event.kind == "failure" and event.code == mode.name:
            failed = event.time_ms
            label[(at < failed) & (at >= failed - HORIZON_DAYS * DAY_MS)] = 1
        if event.kind == "replacement" and event.code == mode.part:
            if failed:
                label[(at >= failed) & (at < event.time_ms)] = np.nan
            else:
                early = (at < event.time_ms) & (at >= event.time_ms - HORIZON_DAYS * DAY_MS)
                label[early & (label == 0)] = np.nan
            failed = 0
    return label


def score(table: Table, train: np.ndarray, label: np.ndarray, columns=slice(None)):
    """XGBoost's scores of all rows, learnt from the rows `train`."""
    rows = train & np.isfinite(label)
    x = table.x[:, columns]
    booster = xgb.train(PARAMS, xgb.DMatrix(x[rows], label[rows]), ROUNDS)
    return booster.predict(xgb.DMatrix(x))


def auc(label: np.ndarray, score: np.ndarray) -> float:
    """Area under the ROC curve by ranks; ties count half."""
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    positive = label == 1
    hits = positive.sum()
    return float((rank[positive].sum() - hits * (hits + 1) / 2) / (hits * (~positive).sum()))


def average_precision(label: np.ndarray, score: np.ndarray) -> float:
    """Mean precision over the positives, best score first."""
    ordered = label[np.argsort(-score, kind="stable")]
    return float((np.cumsum(ordered) / np.arange(1, len(ordered) + 1))[ordered == 1].mean())


def best_single(
    table: Table, label: np.ndarray, rows: np.ndarray, test: np.ndarray
) -> tuple[float, str]:
    """The best average precision that one feature alone reaches on `test`; its sign is chosen on
    the training rows, so is the feature.
    """
    best = (0.0, "", np.zeros(0))
    for column, name in enumerate(table.names):
        for sign in (1, -1):
            values = np.nan_to_num(sign * table.x[:, column], nan=-1e9)
            value = average_precision(label[rows], values[rows])
            if value > best[0]:
                best = (value, name, values)
    return average_precision(label[test], best[2][test]), best[1]
