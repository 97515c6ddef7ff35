"""The hazard of a mode that has failed too seldom to learn from: the fleet's rates, shrunk.

A mode's own failures over its vehicle days, drawn towards the mean rate of all modes as if one
more failure had been seen at that rate (empirical Bayes, gamma prior of shape 1): a mode that has
not failed yet is not taken to be unable to.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

SHAPE: Final = 1.0


def prior_rates(failures: Mapping[str, int], days: float) -> dict[str, float]:
    """Failures a vehicle day by mode; all 0 where nothing has failed or been watched."""
    mean = sum(failures.values()) / max(len(failures), 1) / days if days else 0.0
    if not mean:
        return dict.fromkeys(failures, 0.0)
    return {mode: (count + SHAPE) / (days + SHAPE / mean) for mode, count in failures.items()}


def prior_log_odds(rate: float, ends_days: Sequence[float]) -> tuple[float, ...]:
    """Log-odds of the hazard in each bin at a constant rate a day, above one in a million."""
    widths = np.diff(np.array([0.0, *ends_days]))
    hazard = np.clip(-np.expm1(-rate * widths), 1e-6, 1 - 1e-6)
    return tuple(np.log(hazard / (1 - hazard)).tolist())
