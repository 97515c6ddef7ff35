"""Where a partition stands in its log. Exactly-once is decided here, and only here."""

from collections.abc import Iterable
from typing import Final

from app.flow.message import Incoming

PATIENCE_S: Final = 10.0
"""How long nothing but messages above the next one may arrive before the log itself is asked."""


class Cursor:
    """The offset that is applied next.

    A message below `next` is in the state already; one above it is left over from before a
    rebalance and comes again in order. `above` is the highest one dropped so, -1 for none.
    """

    def __init__(self, next_offset: int) -> None:
        self.next = next_offset
        self.above = -1
        self._since = 0.0

    def take(self, messages: Iterable[Incoming], now_s: float) -> list[Incoming]:
        """The messages to apply now, in order. The caller applies every one of them, or drops the
        whole partition: nothing takes an offset back.
        """
        due: list[Incoming] = []
        for message in messages:
            if message.offset == self.next:
                due.append(message)
                self.next += 1
            elif message.offset > self.next:
                self._drop(message.offset, now_s)
        if due:
            self._progress(now_s)
        return due

    def take_from_log(
        self, messages: Iterable[Incoming], position: int, now_s: float
    ) -> list[Incoming]:
        """As `take`, for messages read from the log itself, up to `position`: what is missing
        among them isn't in the log (a transaction's marker, say) and is passed.
        """
        due = [message for message in messages if message.offset >= self.next]
        self.next = max(self.next, position)
        self._progress(now_s)
        return due

    def skip_to(self, offset: int) -> int:
        """Go on from `offset` because the log holds nothing before it; how many were lost."""
        lost = max(0, offset - self.next)
        self.next += lost
        return lost

    def is_stuck(self, now_s: float) -> bool:
        """Whether nothing but messages above the next one came for `PATIENCE_S`."""
        return self.above >= self.next and now_s - self._since >= PATIENCE_S

    def _drop(self, offset: int, now_s: float) -> None:
        if self.above < self.next:
            self._since = now_s
        self.above = max(self.above, offset)

    def _progress(self, now_s: float) -> None:
        self._since = now_s
        if self.above < self.next:
            self.above = -1
