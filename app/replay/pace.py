"""Event time against the clock: how long to wait before a record goes out."""

import time
from collections.abc import Callable


class Pace:
    """`speed` seconds of event time pass in one second; 0 waits for nothing.

    Where time goes back (the next vehicle's history begins) the clock starts anew.
    """

    def __init__(self, speed: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.speed, self._clock = speed, clock
        self._event_ms = self._newest_ms = -1
        self._wall = 0.0

    def wait_s(self, time_ms: int) -> float:
        """Seconds until a record of this time is due."""
        if self.speed <= 0:
            return 0.0
        now = self._clock()
        if self._event_ms < 0 or time_ms < self._newest_ms:
            self._event_ms, self._wall = time_ms, now
        self._newest_ms = time_ms
        due = self._wall + (time_ms - self._event_ms) / 1_000 / self.speed
        return max(0.0, due - now)
