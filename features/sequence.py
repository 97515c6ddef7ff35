"""Which records of a vehicle were applied already.

Frames: an anti-replay window of sequence numbers, 256 wide, as in IPsec (RFC 4303 section 3.4.3)
in the form of RFC 6479: five words of 64 bits used as a ring, so that nothing is shifted. Events:
the hashes of the last 32.
"""

import hashlib
from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.batches import Ints
from contracts.records import SEQUENCE_WINDOW, VehicleEvent

NEW: Final = 0
DUPLICATE: Final = 1
STALE: Final = 2
_WORDS: Final = 5
WIDTH: Final = 1 + _WORDS
"""int64 numbers per window: the highest sequence number (-1: none yet), then the words."""
RING: Final = 32
MAX_SEQUENCE: Final = (1 << 63) - 1


def accept(windows: Ints, sequence: Ints) -> Ints:
    """NEW, DUPLICATE or STALE for one sequence number >= 0 of each window; marks the new ones.

    `windows` [n, 6] is changed in place; `sequence` [n].
    """
    top = windows[:, 0]
    words = windows[:, 1:].view(np.uint64)
    block, newest = sequence >> 6, top >> 6
    gap = np.clip(block - newest, 0, _WORDS)
    for step in range(1, int(gap.max(initial=0)) + 1):
        rows = np.flatnonzero(gap >= step)
        words[rows, (newest[rows] + step) % _WORDS] = 0
    every = np.arange(len(sequence))
    slot = block % _WORDS
    bit = np.left_shift(np.uint64(1), (sequence & 63).astype(np.uint64))
    stale = sequence <= top - SEQUENCE_WINDOW
    seen = (words[every, slot] & bit) != 0
    verdict = np.where(stale, STALE, np.where(seen, DUPLICATE, NEW))
    words[every, slot] |= np.where(verdict == NEW, bit, np.uint64(0))
    np.maximum(top, sequence, out=windows[:, 0])
    return verdict


def event_hash(event: VehicleEvent) -> int:
    """64 bits that name an event of one vehicle, the same in every process; never 0."""
    text = f"{event.kind}\0{event.code}\0{event.time_ms}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") | 1


def accept_event(ring: npt.NDArray[np.uint64], name: int) -> bool:
    """Whether a vehicle's event is new; marks it. `ring` [33]: next place, then the hashes."""
    if (ring[1:] == np.uint64(name)).any():
        return False
    place = int(ring[0])
    ring[1 + place] = name
    ring[0] = (place + 1) % RING
    return True


def mark(window: Ints, sequence: Ints) -> None:
    """Mark all of `sequence` [n] as applied in one vehicle's window [6], whatever their order."""
    top = int(sequence.max())
    accept(window[None], np.array([top]))
    recent = sequence[sequence > window[0] - SEQUENCE_WINDOW]
    bits = np.left_shift(np.uint64(1), (recent & 63).astype(np.uint64))
    np.bitwise_or.at(window[1:].view(np.uint64), (recent >> 6) % _WORDS, bits)
