"""Feature rows on disk while a table is made and learnt from: memory stays flat however many."""

import tempfile
from collections.abc import Iterator
from typing import IO, Final

import numpy as np

from contracts.batches import Floats, Ints

CHUNK_BYTES: Final = 16 * 1024 * 1024


class Spool:
    """Rows of one width in a temporary file, in the order in which they came."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._rows = 0
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="telltale-rows-")  # noqa: SIM115

    def __len__(self) -> int:
        return self._rows

    def append(self, values: Floats) -> None:
        """Add rows [n x width]."""
        self._file.seek(0, 2)
        self._file.write(np.ascontiguousarray(values, "<f4").tobytes())
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
        self._file.seek(start * 4 * self.width)
        payload = self._file.read(count * 4 * self.width)
        return np.frombuffer(payload, "<f4").reshape(count, self.width).astype(np.float32)
