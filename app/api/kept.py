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
_ASKING = 0.1


@dataclass(frozen=True)
class _Answer(Generic[T]):
    """What was `found`, when it was asked for and how long that took."""

    began_s: float
    took_s: float
    found: T

    def is_older(self, age_s: float, most_s: float) -> bool:
        """Whether it is older than that, and than what its asking took is worth; `most_s` old is
        too old whatever it took.
        """
        now_s = time.monotonic()
        return now_s - self.began_s > min(most_s, max(age_s, self.took_s / _ASKING))


@dataclass
class Kept(Generic[T]):
    """Keeps the newest answer by key (a tenant, say).

    One older than `fresh_s` is asked anew behind the reader's back; one older than `keep_s` he
    waits for. What takes long is asked less often: a tenth of the time goes to it at most, as long
    as none gets older than `keep_s`.
    """

    fresh_s: float
    keep_s: float
    _found: dict[Hashable, _Answer[T]] = field(default_factory=dict)
    _busy: defaultdict[Hashable, threading.Lock] = field(
        default_factory=lambda: defaultdict(threading.Lock)
    )

    def get(self, key: Hashable, ask: Callable[[], T], keep_s: float | None = None) -> T:
        """The answer of `key`; one older than `keep_s` (its own, if none is given) is waited for.
        Raises what `ask` raises.
        """
        most_s = self.keep_s if keep_s is None else keep_s
        kept = self._found.get(key)
        if kept is None or kept.is_older(most_s, self.keep_s):
            return self._wait(key, ask, most_s)
        if kept.is_older(self.fresh_s, self.keep_s) and self._busy[key].acquire(blocking=False):
            threading.Thread(target=self._ask_quietly, args=(key, ask), daemon=True).start()
        return kept.found

    def _wait(self, key: Hashable, ask: Callable[[], T], most_s: float) -> T:
        with self._busy[key]:
            # Whoever was here before has asked for this reader too.
            kept = self._found.get(key)
            if kept is None or kept.is_older(most_s, self.keep_s):
                return self._ask(key, ask)
            return kept.found

    def _ask(self, key: Hashable, ask: Callable[[], T]) -> T:
        began_s = time.monotonic()
        found = ask()
        self._found[key] = _Answer(began_s, time.monotonic() - began_s, found)
        return found

    def _ask_quietly(self, key: Hashable, ask: Callable[[], T]) -> None:
        # A store that is away is told to the next who has to wait.
        try:
            with contextlib.suppress(TelltaleError):
                self._ask(key, ask)
        finally:
            self._busy[key].release()
