"""Settles one batch while the next is computed: in order, and never far ahead."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from app.flow.effects import Effects


@dataclass(frozen=True)
class _UnderWay:
    done: "Future[None]"
    partitions: tuple[int, ...]


class Ahead:
    """Batches that are computed and not yet settled, at most `limit`; 0 settles at once.

    The state of the partitions of a batch that could not be settled, and of those after it, is
    ahead of what is stored: `on_failure` gets them, and such a state may never be saved.
    """

    def __init__(
        self,
        settle: Callable[[Effects], None],
        on_failure: Callable[[Sequence[int]], None],
        limit: int,
    ) -> None:
        self._settle, self._on_failure, self._limit = settle, on_failure, limit
        self._under_way: deque[_UnderWay] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="settle")

    def add(self, effects: Effects, partitions: Sequence[int]) -> None:
        """Settle after those before it. Raises what one of them, or this one, was ended by."""
        done = self._thread.submit(self._settle, effects)
        self._under_way.append(_UnderWay(done, tuple(partitions)))
        self._wait(self._limit)

    def join(self) -> None:
        """Wait until all is settled. Raises what one was ended by."""
        self._wait(0)

    def close(self) -> None:
        """Let go of the thread."""
        self._thread.shutdown()

    def _wait(self, most: int) -> None:
        while len(self._under_way) > most:
            try:
                self._under_way[0].done.result()
            except BaseException:
                self._fail()
                raise
            self._under_way.popleft()

    def _fail(self) -> None:
        """What was to come after must not be written: its state is gone with it."""
        found = list(self._under_way)
        self._under_way.clear()
        for one in found:
            one.done.cancel()
        for one in found:
            if not one.done.cancelled():
                one.done.exception()
        self._on_failure([number for one in found for number in one.partitions])
