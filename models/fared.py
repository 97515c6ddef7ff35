"""How a mode's risk fared on rows of vehicles that its trees had not seen, as curves."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.batches import Doubles, Floats
from contracts.risk import HORIZONS_DAYS, MONTH
from features.profile import Profile
from models.alarms import Series
from models.curves import Reliability, bin_of, precision_recall, reliability, thinned
from models.interval import factors
from models.outcome import came_within
from models.record import Factors, ModeCurves
from models.table import DAY_MS, Table

NO_LEARNING: Final[Mapping[int, Sequence[float]]] = {}
_POINTS: Final = 48
"""Points of a precision-recall curve that are kept, and rounds of a learning curve."""
_DIGITS: Final = 5


def bins_in_days(profile: Profile, days: int = 30) -> int:
    """How many hazard bins the next `days` are, or all where they are shorter."""
    within = int(np.searchsorted(profile.hazard_bins_ms, days * DAY_MS)) + 1
    return min(within, len(profile.hazard_bins))


def came_in_days(table: Table, mode: str, days: int = 30) -> Floats:
    """Whether the mode failed within `days` [rows]; NaN where that isn't known."""
    profile, until = table.profile, table.scope.until_ms
    bins = bins_in_days(profile, days)
    return came_within(profile, table.label(mode), bins, table.time_ms, until)


def series_of(table: Table, mode: str) -> Series:
    """Rows and courses of one mode, as alerts are counted on them."""
    own = [course.modes[mode] for course in table.courses]
    return Series(table.vehicle, table.time_ms, own, table.scope.until_ms)


def mode_curves(
    table: Table,
    mode: str,
    risk: Floats,
    line: float,
    learning: Mapping[int, Sequence[float]] = NO_LEARNING,
) -> ModeCurves | None:
    """The curves of `risk` [rows x horizons]; None where nothing failed. `learning`: loss on
    vehicles left out by fold.
    """
    came = came_in_days(table, mode)
    known = np.isfinite(came)
    came, score = came[known], risk[known, MONTH]
    failures = table.failures(mode)
    if not failures or not (came == 1).any():
        return None
    bins = reliability(came, score, _rows_a_failure(came, failures))
    recall, precision = precision_recall(came, score)
    some = recall > 0
    recall, precision = thinned(recall[some], precision[some], _POINTS)
    step = max(1, max(map(len, learning.values()), default=0) // _POINTS)
    return ModeCurves(
        _short(bins.predicted),
        _short(bins.observed),
        _short(bins.low),
        _short(bins.high),
        bins.events.tolist(),
        _short(recall),
        _short(precision),
        _short(series_of(table, mode).leads(risk[:, MONTH], line)),
        failures,
        [_short(np.asarray(curve)[::step]) for curve in learning.values()],
        step,
        _factors(table, mode, risk, bins),
    )


def _factors(table: Table, mode: str, risk: Floats, month: Reliability) -> dict[str, Factors]:
    """By horizon in days, for the bins of the 30-day risk, from rows of which that is known; a bin
    of which no row is old enough gets those of 30 days.
    """
    old = np.isfinite(came_in_days(table, mode))
    usual = factors(month.predicted, month.low, month.high)
    failures, found = table.failures(mode), {}
    for place, days in enumerate(HORIZONS_DAYS):
        came = came_in_days(table, mode, days)
        known = old & np.isfinite(came)
        came, by = came[known], risk[known, MONTH]
        own = reliability(came, risk[known, place], _rows_a_failure(came, failures), by)
        seat = np.searchsorted(bin_of(month.predicted), np.unique(bin_of(by)))
        low, high = (one.copy() for one in usual)
        low[seat], high[seat] = factors(own.predicted, own.low, own.high)
        found[str(days)] = Factors(_short(low), _short(high))
    return found


def _rows_a_failure(came: Floats, failures: int) -> int:
    return max(1, round(float((came == 1).sum()) / failures))


def mean_learning(own: ModeCurves) -> tuple[Doubles, Doubles]:
    """Rounds of boosting [k] and the mean loss of the folds [k], as far as all of them went."""
    count = min(map(len, own.learning), default=0)
    folds = np.array([fold[:count] for fold in own.learning], np.float64)
    loss = np.asarray(folds.mean(axis=0) if count else (), np.float64)
    return 1 + own.learning_step * np.arange(count, dtype=np.float64), loss


def _short(values: npt.NDArray[np.floating]) -> list[float]:
    return [round(float(one), _DIGITS) for one in values]
