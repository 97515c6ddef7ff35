"""How many dead letters a partition may send: a storm of poison must not become one of letters.

What is over the measure is counted, with the offsets where it stands in the log, from where it can
be replayed. The measure is taken in the broker's time, so that it is a function of the log and the
same letters are sent whoever reads it. The gateway reads topics that others stamp: it gives the
time of its plan instead, which is the same for whoever takes over.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec

from contracts.dead_letters import DeadLetter, Withheld

MINUTE_MS: Final = 60_000
LETTERS: Final = 600
"""Letters of a partition in a minute."""
BYTES: Final = 16 * 1024 * 1024
"""Original bytes in them."""
SPANS: Final = 256
"""Spans of offsets that are told apart; beyond, the nearest two become one."""


class Spent(msgspec.Struct, frozen=True):
    """What a partition has sent in its present minute, and what it has withheld."""

    minute: int = -1
    letters: int = 0
    bytes: int = 0
    withheld: Withheld | None = None

    def after(self, size: int) -> "Spent | None":
        """With one more letter of so many bytes; None where there is no room for it."""
        letters, total = self.letters + 1, self.bytes + size
        if letters > LETTERS or total > BYTES:
            return None
        return msgspec.structs.replace(self, letters=letters, bytes=total)


def share(
    letters: Sequence[DeadLetter], spent: Spent, now_ms: int | None = None
) -> tuple[list[DeadLetter], list[Withheld], Spent]:
    """The letters that may go, in order of offset; the newest account of each minute in which
    more was withheld; and what is spent now. All letters are of `now_ms` where it is given.
    """
    sent: list[DeadLetter] = []
    accounts: dict[int, Withheld] = {}
    for letter in sorted(letters, key=_offset):
        minute = (letter.time_ms if now_ms is None else now_ms) // MINUTE_MS
        if minute > spent.minute:
            spent = Spent(minute)
        after = spent.after(len(letter.payload))
        if after:
            sent.append(letter)
            spent = after
        else:
            account = _withhold(spent, letter)
            accounts[account.minute_ms] = account
            spent = msgspec.structs.replace(spent, withheld=account)
    return sent, list(accounts.values()), spent


def briefly(spent: Spent, spans: int) -> Spent:
    """The same with at most so many spans in its account."""
    if spent.withheld is None:
        return spent
    account = msgspec.structs.replace(spent.withheld, spans=_joined(spent.withheld.spans, spans))
    return msgspec.structs.replace(spent, withheld=account)


def _withhold(spent: Spent, letter: DeadLetter) -> Withheld:
    minute_ms = spent.minute * MINUTE_MS
    before = spent.withheld or Withheld(letter.topic, letter.partition, minute_ms, 0, 0, {}, [])
    reasons = before.reasons | {letter.reason: before.reasons.get(letter.reason, 0) + 1}
    return Withheld(
        before.topic,
        before.partition,
        before.minute_ms,
        before.count + 1,
        before.bytes + len(letter.payload),
        reasons,
        _extended(before.spans, letter.offset),
    )


def _extended(spans: list[tuple[int, int]], offset: int) -> list[tuple[int, int]]:
    """Spans (end excluded) with one more offset, which is not below theirs."""
    if spans and spans[-1][1] >= offset:
        return [*spans[:-1], (spans[-1][0], max(spans[-1][1], offset + 1))]
    return _joined([*spans, (offset, offset + 1)], SPANS)


def _joined(spans: list[tuple[int, int]], most: int) -> list[tuple[int, int]]:
    """At most so many spans, the nearest made one."""
    found = list(spans)
    while len(found) > most:
        gaps = [after[0] - before[1] for before, after in pairwise(found)]
        place = gaps.index(min(gaps))
        found[place : place + 2] = [(found[place][0], found[place + 1][1])]
    return found


def _offset(letter: DeadLetter) -> int:
    return letter.offset
