"""Who comes when: each vehicle's records keep their order, vehicles go side by side.

A frame's turn is the number of frames of its vehicle before it; an event comes just before the
frame of its turn. In one turn every vehicle has at most one frame, so a turn is one array step.
"""

from collections.abc import Iterator

import numpy as np

from contracts.batches import Ints


def turns(
    frame_row: Ints, frame_index: Ints, event_row: Ints, event_index: Ints
) -> tuple[Ints, Ints]:
    """Turns of frames [n] and events [m] from their vehicles' rows and places in the order.

    `frame_index` must rise.
    """
    order = np.argsort(frame_row, kind="stable")
    rows = frame_row[order]
    starts = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]]) if rows.size else rows
    lengths = np.diff(np.r_[starts, rows.size])
    frame_turn = np.empty(rows.size, np.int64)
    frame_turn[order] = np.arange(rows.size) - np.repeat(starts, lengths)
    span = int(max(frame_index.max(initial=0), event_index.max(initial=0))) + 1
    keys = rows * span + frame_index[order]
    before = np.searchsorted(keys, event_row * span + event_index)
    return frame_turn, before - np.searchsorted(keys, event_row * span)


def by_turn(turn: Ints, row: Ints) -> Iterator[tuple[int, Ints]]:
    """`(turn, positions)` in order of turn, the positions of one turn in order of row."""
    order = np.lexsort((row, turn))
    found = turn[order]
    cuts = np.flatnonzero(found[1:] != found[:-1]) + 1
    for part in np.split(order, cuts):
        if part.size:
            yield int(turn[part[0]]), part
