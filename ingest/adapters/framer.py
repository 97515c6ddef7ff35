"""Rows of one vehicle into frames of at most 60 s."""

from array import array
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from contracts.records import FRAME_SPAN_MS, Frame
from ingest.adapters.cells import RowError

MAX_SAMPLES: Final = 2_000
"""Samples of a frame at most: a flood of rows must not outgrow a message."""


class Framer:
    """Takes one vehicle's rows. A frame's sequence number is its start in seconds, or one more than
    that of the frame before where this has it already.
    """

    def __init__(self, tenant: str, profile: str, vehicle: str, signals: bytes) -> None:
        self._whose = (tenant, profile, vehicle)
        self._signals = signals
        self._start = self._newest = self._seq = -1
        self._offsets = array("H")
        self._samples = array("f")

    def add(self, time_ms: int, values: Sequence[float]) -> Iterator[Frame]:
        """Take a row of signals, NaN = missing; the frame that it closes, if any.

        A row that is older than the one before it begins another frame. Raises RowError.
        """
        if all(value != value for value in values):  # noqa: PLR0124 (NaN)
            raise RowError("no value in the row")
        closed: Iterator[Frame] = iter(())
        apart = not self._newest <= time_ms < self._start + FRAME_SPAN_MS
        if apart or len(self._offsets) >= MAX_SAMPLES:
            closed = self.flush()
        if not self._offsets:
            self._start = time_ms
        self._offsets.append(time_ms - self._start)
        self._samples.extend(values)
        self._newest = time_ms
        return closed

    def flush(self) -> Iterator[Frame]:
        """The open frame, if any; the next row begins another and may be of any time."""
        if not self._offsets:
            return iter(())
        self._seq = max(self._seq + 1, self._start // 1_000)
        offsets = np.asarray(self._offsets, "<u2").tobytes()
        samples = np.asarray(self._samples, "<f4").tobytes()
        frame = Frame(*self._whose, self._seq, self._start, self._signals, offsets, samples)
        self._offsets, self._samples = array("H"), array("f")
        return iter((frame,))
