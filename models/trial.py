"""Rows that a stored model is tried on before it is used (models/verify.py).

They are rows that it was trained on, for others hardly reach the splits of its trees: a damaged
leaf that no row falls into goes unseen. A row is features alone, without vehicle and time.
"""

from typing import Final

import numpy as np

from contracts.batches import Floats, Ints
from models.table import Table

ROWS: Final = 256
_NOISE_ROWS: Final = 8


def trial_rows(table: Table, seed: int = 0) -> Floats | None:
    """Rows [n x features] of the table, unknown values and all: half of them before a failure, if
    there are so many, for few others reach the leaves of failing parts. None of an empty table.
    """
    if not len(table):
        return None
    random = np.random.default_rng(seed)

    def drawn(rows: Ints) -> Ints:
        return random.permutation(rows)[: ROWS // 2]

    failing = np.flatnonzero((table.labels < 0).any(axis=0))
    return table.values(np.union1d(drawn(np.arange(len(table))), drawn(failing)))


def noise(features: int) -> Floats:
    """What a bundle without rows of its own is tried on."""
    random = np.random.default_rng(0)
    return random.normal(size=(_NOISE_ROWS, features)).astype(np.float32)
