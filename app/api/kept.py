"""Answers that are kept for a while, so that many readers cost one question."""

import contextlib
import threading
import time
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
    _busy: set[Hashable] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: Hashable, ask: Callable[[], T]) -> T:
        """The answer of `key`, at most `keep_s` old. Raises what `ask` raises."""
        kept = self._found.get(key)
        age = time.monotonic() - kept[0] if kept else float("inf")
        if kept is None or age > self.keep_s:
            return self._ask(key, ask)
        if age > self.fresh_s and self._take(key):
            threading.Thread(target=self._ask_quietly, args=(key, ask), daemon=True).start()
        return kept[1]

    def _take(self, key: Hashable) -> bool:
        with self._lock:
            free = key not in self._busy
            self._busy.add(key)
            return free

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
            self._busy.discard(key)
