"""Looks at the store that many readers take at the same moment: an event reaches every open page at
once, and all of them read themselves anew.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass
class _Look:
    began_s: float = float("-inf")
    answer: Any = None
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class Looks:
    """Answers shared by readers who come within `keep_s`; the `most` used last are kept.

    No answer is shared that was begun before its tenant's last change that this process knows of,
    so whoever is told of a change, or made one, reads what came of it.
    """

    keep_s: float = 1.0
    most: int = 512
    _looks: "OrderedDict[Hashable, _Look]" = field(default_factory=OrderedDict)
    _changed_s: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, tenant: str, key: Hashable, ask: Callable[[], T]) -> T:
        """The answer of `ask`, which one of several readers asks. Raises what `ask` raises."""
        oldest_s = time.monotonic() - self.keep_s
        look = self._look((tenant, key))
        with look.lock:
            if look.began_s < max(oldest_s, self._changed_s.get(tenant, float("-inf"))):
                began_s = time.monotonic()
                look.answer = ask()
                look.began_s = began_s
            found: T = look.answer
            return found

    def forget(self, tenant: str) -> None:
        """Something of the tenant changed."""
        self._changed_s[tenant] = time.monotonic()

    def _look(self, key: Hashable) -> _Look:
        with self._lock:
            look = self._looks.setdefault(key, _Look())
            self._looks.move_to_end(key)
            if len(self._looks) > self.most:
                self._looks.popitem(last=False)
            return look
