"""Calibration by tenth of predicted risk."""

from typing import Final

import msgspec
import numpy as np

from models.evaluation.judged import Judged, distinct
from models.metrics import expected_over_observed

LEAST_EVENTS: Final = 20
"""Failures that a tenth of the rows must lie before, for its calibration to mean anything."""
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

    @property
    def honest_oracle(self) -> bool:
        """Whether the oracle's may."""
        return _honest(self.oracle_over_observed)


def tenths(judged: Judged) -> list[Tenth]:
    """Those that at least LEAST_EVENTS failures came of, lowest first."""
    found = []
    parts = np.array_split(np.argsort(judged.risk, kind="stable"), 10)
    for place, rows in enumerate(parts, start=1):
        events = distinct(judged.failure[rows])
        if events >= LEAST_EVENTS:
            came = judged.came[rows]
            own = expected_over_observed(came, judged.risk[rows])
            oracle = expected_over_observed(came, judged.oracle[rows])
            found.append(Tenth(own, oracle, events, len(rows), place))
    return found


def _honest(ratio: float) -> bool:
    return HONEST[0] <= ratio <= HONEST[1]
