"""The inner loop of scoring, compiled (models/forest.py)."""

from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.batches import Floats
from features.compiled import compiled

_BLOCK: Final = 8
"""Rows that descend side by side: the processor works on one while it waits for another."""
_PLACE: Final = np.uint32
"""Unsigned: numba would ask of every signed place whether it counts from the end."""


def _descend(
    values: Floats,
    column: npt.NDArray[np.uint16],
    threshold: Floats,
    leaf: Floats,
    base: np.float32,
    margin: Floats,
) -> None:
    """Fill `margin` [n] of rows [n x features]; the rest is the layout of models/forest.py.

    Leaves are added in the order of the trees, in single precision, as XGBoost does.
    """
    rows, features = values.shape
    trees, nodes = column.shape
    depth = 0
    while (1 << depth) - 1 < nodes:
        depth += 1
    seen = np.zeros((_BLOCK, 2 * features), np.float32)
    total = np.zeros(_BLOCK, np.float32)
    at = np.zeros(_BLOCK, np.uint32)
    for start in range(0, rows, _BLOCK):
        count = min(_BLOCK, rows - start)
        for row in range(count):
            for place in range(features):
                value = values[start + row, place]
                missing = value != value  # noqa: PLR0124 (NaN)
                seen[row, 2 * place] = -np.inf if missing else value
                seen[row, 2 * place + 1] = np.inf if missing else value
        total[:] = base
        for tree in range(trees):
            columns, thresholds, leaves = column[tree], threshold[tree], leaf[tree]
            at[:] = 0
            for _ in range(depth):
                for row in range(_BLOCK):
                    node = at[row]
                    right = seen[_PLACE(row), _PLACE(columns[node])] >= thresholds[node]
                    at[row] = _PLACE(node + node + _PLACE(1) + _PLACE(right))
            for row in range(_BLOCK):
                total[row] += leaves[at[row] - _PLACE(nodes)]
        for row in range(count):
            margin[start + row] = total[row]


descend: Final = compiled(_descend)
