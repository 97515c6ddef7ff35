"""Answers that are kept for a while, so that many readers cost one question."""

import contextlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from contracts.errors import TelltaleError

T = TypeVar("T")


@dataclass
class Kept(Generic[T]):
    """Keeps the newest answer by key (a tenant, say).

    One older than `fresh_s` is asked anew behind the reader's back; one older than `keep_s` he
    waits for.
    """

    fresh_s: float
    keep_s: float
    _found: dict[Hashable, tuple[float, T]] = field(default_factory=dict)
    _busy: defaultdict[Hashable, threading.Lock] = field(
        default_factory=lambda: defaultdict(threading.Lock)
    )

    def get(self, key: Hashable, ask: Callable[[], T], keep_s: float | None = None) -> T:
        """The answer of `key`, at most `keep_s` old (its own, if none is given). Raises what `ask`
        raises.
        """
        most = self.keep_s if keep_s is None else keep_s
        kept, age = self._kept(key)
        if kept is None or age > most:
            return self._wait(key, ask, most)
        if age > self.fresh_s and self._busy[key].acquire(blocking=False):
            threading.Thread(target=self._ask_quietly, args=(key, ask), daemon=True).start()
        return kept[1]

    def _kept(self, key: Hashable) -> tuple[tuple[float, T] | None, float]:
        kept = self._found.get(key)
        return kept, time.monotonic() - kept[0] if kept else float("inf")

    def _wait(self, key: Hashable, ask: Callable[[], T], keep_s: float) -> T:
        with self._busy[key]:
            # Whoever was here before has asked for this reader too.
            kept, age = self._kept(key)
            return kept[1] if kept and age <= keep_s else self._ask(key, ask)

    def _ask(self, key: Hashable, ask: Callable[[], T]) -> T:
        began = time.monotonic()
        answer = ask()
        self._found[key] = began, answer
        return answer

    def _ask_quietly(self, key: Hashable, ask: Callable[[], T]) -> None:
        # A store that is away is told to the next who has to wait.
        try:
            with contextlib.suppress(TelltaleError):
                self._ask(key, ask)
        finally:
            self._busy[key].release()
