"""Plain rules that a model must be better than: one feature alone, fault codes, a part's age."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from contracts.batches import Floats
from features.profile import Mode
from features.vector import FeatureSpec
from models.fared import came_in_days
from models.metrics import average_precision
from models.table import Table

_THINNED: Final = 4
"""The best single feature is looked for on every so manyth training row."""


def best_single(table: Table, mode: str) -> tuple[int, int]:
    """The column and sign that rank the training rows best."""
    came = came_in_days(table, mode)
    rows = np.flatnonzero(np.isfinite(came))[::_THINNED]
    values, label = table.values(rows), came[rows]
    best, found = -1.0, (0, 1)
    for column in range(values.shape[1]):
        for sign in (1, -1):
            reached = average_precision(label, known(sign * values[:, column]))
            if reached > best:
                best, found = reached, (column, sign)
    return found


def codes(mode: Mode, values: Floats, specs: Sequence[FeatureSpec]) -> Floats:
    """Fault codes [n] of the mode seen lately."""
    longest = [spec.half_life for spec in specs if spec.kind == "count"][-1]
    columns = [
        place
        for place, spec in enumerate(specs)
        if spec.kind == "count" and spec.half_life == longest and spec.subject in mode.fault_codes
    ]
    return np.asarray(values[:, columns].sum(axis=1), np.float32)


def age(mode: Mode, values: Floats, specs: Sequence[FeatureSpec]) -> Floats:
    """Age [n] of the mode's part."""
    column = next(i for i, s in enumerate(specs) if s.kind == "age" and s.subject == mode.part)
    return known(values[:, column])


def known(score: Floats) -> Floats:
    """What is unknown ranks last."""
    return np.nan_to_num(score, nan=-1e9)
