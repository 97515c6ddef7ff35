"""Decayed counts of fault codes, at the second and the last half-life."""

from typing import Final

import numpy as np

from contracts.batches import Doubles, Floats

HALF_LIVES: Final = (1, 3)
"""Which of the profile's half-lives the counts use."""


def advance(counts: Floats, factor: Floats) -> None:
    """Decay counts [n, 2, codes] in place by `factor` [n, H] of all half-lives."""
    counts *= factor[:, HALF_LIVES, None]


def add(counts: Floats, code: int, lag_ms: int, half_lives_ms: Doubles) -> None:
    """Count one vehicle's fault code ([2, codes]) that is `lag_ms` older than its newest time."""
    counts[:, code] += np.exp2(-lag_ms / half_lives_ms[list(HALF_LIVES)]).astype(np.float32)
