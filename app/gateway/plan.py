"""What the group's commits say beside their offsets, so that a span is packed the same way again.

Before a span of a partition is sent, its end and its first sequence number are committed as a note
at its start. Whoever takes over, after a crash or a rebalance, finds the note and packs that very
span with those very numbers: the frames are the same, and what had arrived is a duplicate.
"""

from typing import Final

import msgspec

from app.flow.ration import Spent, briefly

_SPANS: Final = 32
"""Of an account in a note, which the broker limits to 4 KB."""


class Plan(msgspec.Struct, frozen=True):
    """A span that is under way: it ends before `end`, its frames count up from `base`."""

    end: int
    base: int


class Note(msgspec.Struct, frozen=True):
    """`plan`: the span from the committed offset on; `next`: sequence numbers from here on are
    unused; `spent`: what the partition has sent of dead letters before that offset.
    """

    next: int = 0
    plan: Plan | None = None
    spent: Spent = Spent()


def write_note(note: Note) -> str:
    """The note as text."""
    return msgspec.json.encode(note).decode()


def done_note(following: int, spent: Spent) -> Note:
    """The note at a span's end."""
    return Note(following, None, briefly(spent, _SPANS))


def read_note(text: str) -> Note:
    """The inverse; an empty one for what isn't ours."""
    try:
        return msgspec.json.decode(text, type=Note)
    except (msgspec.DecodeError, ValueError):
        return Note()


def first_number(note: Note, now_ms: int) -> int:
    """The base of a new span: the clock, so that a partition that is new or was made anew goes on
    above all that its vehicles had; more where the clock ran back.
    """
    return max(now_ms, note.next)
