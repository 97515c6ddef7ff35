"""How the stream goes: readings of the status, kept while somebody looks, as rates."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from app.api.status import StatusView

KEPT = 60
_LEAST_S = 1.0


@dataclass(frozen=True)
class Reading:
    """At `at_s` (a steady clock): rows of summaries stored, messages behind."""

    at_s: float
    frames: int
    behind: int


@dataclass
class Pulse:
    """The last readings of one process, at most one a second."""

    clock: Callable[[], float] = time.monotonic
    _readings: deque[Reading] = field(default_factory=lambda: deque(maxlen=KEPT))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, status: StatusView) -> None:
        """Keep what the status says."""
        now = self.clock()
        with self._lock:
            if self._readings and now - self._readings[-1].at_s < _LEAST_S:
                return
            frames = status.tables.get("summaries", 0)
            self._readings.append(Reading(now, frames, behind(status)))

    def rates(self) -> list[float]:
        """Frames stored a second between readings, oldest first; a merge of parts counts as 0."""
        with self._lock:
            kept = list(self._readings)
        return [max(0, b.frames - a.frames) / (b.at_s - a.at_s) for a, b in pairwise(kept)]

    def lags(self) -> list[float]:
        """Messages behind, oldest first."""
        with self._lock:
            return [float(one.behind) for one in self._readings]


def behind(status: StatusView) -> int:
    """Messages that some group has not taken yet."""
    return sum(sum(topic.lag.values()) for topic in status.topics)
