"""How sure a risk is: what became of vehicles that had one like it."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from contracts.risk import HORIZONS_DAYS
from models.curves import EDGES
from models.record import ModeCurves

Range = tuple[float, float]
_MOST: Final = 1 - 1e-9
_LEAST: Final = 1e-9


def risk_ranges(curves: ModeCurves, risk: Sequence[float]) -> list[Range] | None:
    """The 90 % range of the risk at 7, 30 and 90 days; None where no held-out vehicle had one like
    it.

    At 30 days it is Wilson's interval (1927) of the share that failed among held-out vehicles with
    a risk between the same `EDGES`, widened to hold the prediction itself. Other horizons get the
    same factors on the cumulative hazard -log(1 - risk): proportional hazards (Cox 1972).
    """
    bins = np.searchsorted(EDGES, curves.predicted, side="right")
    found = np.flatnonzero(bins == np.searchsorted(EDGES, risk[HORIZONS_DAYS.index(30)], "right"))
    if not found.size:
        return None
    place = int(found[0])
    middle = _hazard(curves.predicted[place])
    low = min(_hazard(curves.low[place]) / middle, 1.0)
    high = max(_hazard(curves.high[place]) / middle, 1.0)
    return [(_risk(low * _hazard(one)), _risk(high * _hazard(one))) for one in risk]


def _hazard(risk: float) -> float:
    return -math.log1p(-min(max(risk, _LEAST), _MOST))


def _risk(hazard: float) -> float:
    return -math.expm1(-hazard)
