"""Columns of samples into frames: by vehicle and minute, a row for each moment."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from contracts.batches import Flags, Floats, Ints
from contracts.records import FRAME_SPAN_MS, Frame
from ingest.samples.columns import Columns
from ingest.samples.mapping import Layout

MAX_CELLS: Final = 40_000
"""Values of a frame, present or missing: 160 kB, so that a message stays far below its limit."""
_SHIFT: Final = 42
"""Bits for Unix ms until the year 2109."""


@dataclass(frozen=True)
class Whose:
    """Whom frames belong to."""

    tenant: str
    profile: str


def make_frames(
    columns: Columns, names: list[str], layout: Layout, whose: Whose, first_seq: int
) -> list[Frame]:
    """Frames of one partition's samples, ordered by vehicle, then time.

    They are a function of the samples in their order and of `first_seq`, from which each vehicle's
    frames count up. Where a signal has two values at one moment, the later in the log counts.
    """
    if not len(columns):
        return []
    # A stable sort: what has the same vehicle and moment stays in the order of the log.
    order = np.argsort((columns.vehicle << _SHIFT) | columns.time_ms, kind="stable")
    vehicle, time_ms = columns.vehicle[order], columns.time_ms[order]
    new_row = _starts(vehicle) | _starts(time_ms)
    row = np.cumsum(new_row) - 1
    cells = np.full((int(row[-1]) + 1, len(layout.signals)), np.nan, np.float32)
    cells[row, columns.signal[order]] = columns.value[order]
    heads = np.flatnonzero(new_row)
    return list(_cut(cells, vehicle[heads], time_ms[heads], (names, layout, whose, first_seq)))


def _cut(
    cells: Floats,
    vehicle: Ints,
    time_ms: Ints,
    given: tuple[list[str], Layout, Whose, int],
) -> Iterator[Frame]:
    """Frames of rows [n x signals] that are ordered by vehicle, then time."""
    names, layout, whose, first_seq = given
    edges = np.flatnonzero(_starts(vehicle) | _starts(time_ms // FRAME_SPAN_MS))
    present = np.logical_or.reduceat(~np.isnan(cells), edges, axis=0)
    ids = np.array([signal.id for signal in layout.signals], "<u2")
    most = max(1, MAX_CELLS // len(ids))
    last, seq = -1, first_seq
    ends = np.append(edges[1:], len(vehicle))
    starts = time_ms[edges].tolist()
    offsets = (time_ms - np.repeat(time_ms[edges], ends - edges)).astype("<u2")
    for at, (begin, end) in enumerate(zip(edges.tolist(), ends.tolist(), strict=True)):
        number = int(vehicle[begin])
        seq = first_seq if number != last else seq
        last = number
        used = present[at]
        signals = ids[used].tobytes()
        for head in range(begin, end, most):
            tail = min(end, head + most)
            yield Frame(
                whose.tenant,
                whose.profile,
                names[number],
                seq,
                starts[at],
                signals,
                offsets[head:tail].tobytes(),
                cells[head:tail, used].tobytes(),
            )
            seq += 1


def _starts(values: Ints) -> Flags:
    """Where a value differs from the one before."""
    found = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=found[1:])
    return found
