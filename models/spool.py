"""Feature rows on disk while a table is made and learnt from: memory stays flat however many."""

import os
import tempfile
import weakref
from collections.abc import Iterator
from typing import Final

import numpy as np

from contracts.batches import Floats, Ints

CHUNK_BYTES: Final = 16 * 1024 * 1024


class Spool:
    """Rows of one width in a temporary file, in the order in which they came.

    The file has no name and is gone with the object. Several threads may read.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._rows = 0
        with tempfile.TemporaryFile(prefix="telltale-rows-") as file:
            self._file = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._file)

    def __len__(self) -> int:
        return self._rows

    def append(self, values: Floats) -> None:
        """Add rows [n x width]."""
        left = memoryview(np.ascontiguousarray(values, "<f4").tobytes())
        while left:
            left = left[os.write(self._file, left) :]
        self._rows += len(values)

    def chunks(self) -> Iterator[tuple[int, Floats]]:
        """All rows, some at a time, each with the place of its first row."""
        step = max(1, CHUNK_BYTES // (4 * self.width))
        for start in range(0, self._rows, step):
            yield start, self._read(start, min(step, self._rows - start))

    def take(self, places: Ints) -> Floats:
        """The rows at these places, in this order."""
        found = np.empty((len(places), self.width), np.float32)
        for index, place in enumerate(places.tolist()):
            found[index] = self._read(place, 1)[0]
        return found

    def _read(self, start: int, count: int) -> Floats:
        size = 4 * self.width
        payload = os.pread(self._file, count * size, start * size)
        return np.frombuffer(payload, "<f4").reshape(count, self.width).astype(np.float32)
