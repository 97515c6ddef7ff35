"""What was looked up a moment ago."""

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


@dataclass
class Recent(Generic[K, V]):
    """Keeps the last `kept` answers for `lasts_s` seconds each."""

    lasts_s: float
    kept: int = 10_000
    _found: OrderedDict[K, tuple[float, V]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def get(self, key: K, now_s: float) -> V | None:
        """The answer, None where there is none or it is too old."""
        with self._lock:
            kept = self._found.get(key)
        return kept[1] if kept and now_s - kept[0] < self.lasts_s else None

    def put(self, key: K, value: V, now_s: float) -> None:
        """Keep an answer."""
        with self._lock:
            self._found[key] = now_s, value
            self._found.move_to_end(key)
            while len(self._found) > self.kept:
                self._found.popitem(last=False)

    def forget(self, key: K) -> None:
        """Drop an answer that is no longer true."""
        with self._lock:
            self._found.pop(key, None)
