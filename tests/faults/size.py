"""How much of everything a run does: the whole, a part of it, or the short form of `make test`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """Factors of counts and of durations; 1 is the whole."""

    counts: float = 1.0
    time: float = 1.0

    def times(self, whole, least=1):
        """So many times, but at least `least`."""
        return max(least, round(whole * self.counts))

    def seconds(self, whole, least=1.0):
        """So many seconds, but at least `least`."""
        return max(least, whole * self.time)


WHOLE = Size()
SHORT = Size(0.0, 0.0)
