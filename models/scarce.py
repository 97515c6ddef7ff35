"""Modes that have failed too seldom for trees of their own: learnt with all modes together.

What a failing part looks like is learnt from every mode's failures (models/pooled.py), each seen by
its own signals, codes and part; how often it fails is each mode's own (models/prior.py). A mode
that has never failed keeps the fleet's rate: nothing says that it shows as the others do.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from contracts.batches import Ints
from models.fit import Fitted, unseen_margin
from models.hazard import Likelihood, pooled_log_odds
from models.pooled import fit_pooled
from models.prior import prior_rates
from models.reference import evenly
from models.table import Table

LEAST_OWN: Final = 1
LEAST_TOGETHER: Final = 16
"""Failures of all modes below which there is nothing to learn from either."""
LEAST_VEHICLES: Final = 10
ROWS: Final = 20_000
"""Rows that are looked at, once for each mode, evenly apart."""


def fit_scarce(table: Table, fold: Ints, modes: Sequence[str]) -> dict[str, Fitted]:
    """Trees, calibration and view of those of the `modes` that have failed at all; none where all
    modes of the profile together have failed too seldom. `fold` [rows].
    """
    failures = {mode.name: table.failures(mode.name) for mode in table.profile.modes}
    served = [mode for mode in modes if failures[mode] >= LEAST_OWN]
    few = sum(failures.values()) < LEAST_TOGETHER or len(table.vehicles) < LEAST_VEHICLES
    if few or not served:
        return {}
    rows = evenly(len(table), ROWS)
    pooled = fit_pooled(table.profile, table.values(rows), table.labels[:, rows], fold[rows])
    rates = prior_rates(failures, table.exposure_days())
    mean = float(np.mean(list(rates.values())))
    found = {}
    for mode in served:
        model, label = pooled.models[mode], table.label(mode)
        margin = unseen_margin(table, fold, pooled.grown, model.view)
        base = tuple(pooled_log_odds(label, len(table.profile.hazard_bins)).tolist())
        found[mode] = Fitted(
            model.booster,
            margin,
            pooled.rounds,
            Likelihood(base).loss(margin, label),
            dict(enumerate(pooled.curves)),
            model.view,
            model.calibration.times(rates[mode] / mean),
        )
    return found
