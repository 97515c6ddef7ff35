"""Samples as columns, in the order of the log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from contracts.batches import Floats, Ints

MAX_ID: Final = 64


class Vehicles(dict[str, int]):
    """Numbers vehicle ids as they come; an id that can't be one is -1."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __missing__(self, name: str) -> int:
        sound = 0 < len(name) <= MAX_ID and name.isprintable()
        found = self[name] = len(self.names) if sound else -1
        if sound:
            self.names.append(name)
        return found


@dataclass(frozen=True)
class Columns:
    """Samples of one partition: vehicle's number, Unix ms, signal's column, value in its unit."""

    vehicle: Ints
    time_ms: Ints
    signal: Ints
    value: Floats

    def __len__(self) -> int:
        return len(self.value)


def join(parts: Sequence[Columns]) -> Columns:
    """All samples, in order."""
    return Columns(
        np.concatenate([part.vehicle for part in parts]),
        np.concatenate([part.time_ms for part in parts]),
        np.concatenate([part.signal for part in parts]),
        np.concatenate([part.value for part in parts]),
    )
