"""Records that make no sense whatever the vehicle's state: ids, times and counters."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np

from contracts.batches import Ints
from features.refusal import Refusal
from features.sequence import MAX_SEQUENCE

MAX_AHEAD_MS: Final = 600_000
"""How far an event time may be ahead of the broker's."""
MAX_ID: Final = 64
EARLIEST_MS: Final = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp() * 1000)
LATEST_MS: Final = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000)


def integers(values: Sequence[int]) -> Ints:
    """As int64; what doesn't fit becomes -1, which is refused both as a time and as a counter."""
    try:
        return np.array(values, np.int64)
    except OverflowError:
        kept = [value if abs(value) <= MAX_SEQUENCE else -1 for value in values]
        return np.array(kept, np.int64)


def refuse_times(index: Ints, time_ms: Ints, broker_ms: Ints) -> Iterator[Refusal]:
    """Times [n] before 2000, after 2100 or too far ahead of the broker's."""
    absurd = (time_ms < EARLIEST_MS) | (time_ms >= LATEST_MS)
    future = time_ms > broker_ms + MAX_AHEAD_MS
    for row in np.flatnonzero(absurd | future).tolist():
        found = int(time_ms[row])
        if absurd[row]:
            detail = f"time {found} ms is not between the years 2000 and 2100"
            yield Refusal(int(index[row]), "absurd_time", detail)
        else:
            ahead = (found - int(broker_ms[row])) / 60_000
            detail = f"time {found} ms is {ahead:.0f} min ahead of the broker's; at most 10"
            yield Refusal(int(index[row]), "future_time", detail)


def refuse_sequences(index: Ints, sequence: Ints) -> Iterator[Refusal]:
    """Sequence numbers [n] below 0 or above 2^63 - 1."""
    for row in np.flatnonzero(sequence < 0).tolist():
        detail = "sequence numbers run from 0 to 2^63 - 1"
        yield Refusal(int(index[row]), "bad_value", detail)


def refuse_vehicle(index: int, tenant: str, vehicle_id: str) -> Refusal | None:
    """A tenant or vehicle id that is empty, too long or not printable."""
    for noun, text in (("tenant", tenant), ("vehicle", vehicle_id)):
        if not 0 < len(text) <= MAX_ID or not text.isprintable():
            detail = f"{noun} id {text[:MAX_ID]!r}: give 1 to {MAX_ID} printable characters"
            return Refusal(index, "bad_vehicle", detail)
    return None
