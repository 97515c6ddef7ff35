"""How sure a risk is: what became of vehicles that had one like it."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from contracts.batches import Doubles
from contracts.risk import HORIZONS_DAYS, MONTH
from models.curves import bin_of
from models.record import ModeCurves

Range = tuple[float, float]
_MOST: Final = 1 - 1e-9
_LEAST: Final = 1e-9


def risk_ranges(curves: ModeCurves, risk: Sequence[float]) -> list[Range] | None:
    """The 90 % range of the risk at 7, 30 and 90 days; None where no held-out vehicle had one like
    it.

    A range is that of the share that failed within the horizon (Wilson 1927) among held-out
    vehicles with a 30-day risk between the same edges, carried over to this risk as factors of the
    cumulative hazard -log(1 - risk), and widened to hold the prediction itself. Records of before
    factors were kept have those of 30 days for all horizons: proportional hazards (Cox 1972). A
    range begins no lower than that of a shorter horizon and ends no higher than that of a longer
    one.
    """
    bins = bin_of(np.array(curves.predicted))
    found = np.flatnonzero(bins == bin_of(np.array(risk[MONTH])))
    if not found.size:
        return None
    own = [_factors(curves, days, int(found[0])) for days in HORIZONS_DAYS]
    ends = _risk(np.array(own).T * _hazard(np.array(risk)))
    low = np.maximum.accumulate(ends[0])
    high = np.minimum.accumulate(ends[1, ::-1])[::-1]
    return list(zip(low.tolist(), high.tolist(), strict=True))


def factors(predicted: Doubles, low: Doubles, high: Doubles) -> tuple[Doubles, Doubles]:
    """`Factors` of bins [k] with such a mean risk and such a range of the share that failed."""
    middle = _hazard(predicted)
    return np.minimum(_hazard(low) / middle, 1.0), np.maximum(_hazard(high) / middle, 1.0)


def _factors(curves: ModeCurves, days: int, place: int) -> tuple[float, float]:
    kept = curves.factors.get(str(days))
    if kept:
        return kept.low[place], kept.high[place]
    month = (curves.predicted, curves.low, curves.high)
    low, high = factors(*(np.array([one[place]]) for one in month))
    return float(low[0]), float(high[0])


def _hazard(risk: Doubles) -> Doubles:
    return np.asarray(-np.log1p(-np.clip(risk, _LEAST, _MOST)))


def _risk(hazard: Doubles) -> Doubles:
    return np.asarray(-np.expm1(-hazard))
