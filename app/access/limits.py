"""How often somebody may ask: token buckets, kept in memory by this process."""

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock


@dataclass
class Buckets:
    """A bucket a name: `rate` tokens flow in a second, up to `burst`.

    At most `kept` names are remembered; the longest unused is forgotten first, and full by then.
    """

    rate: float
    burst: float
    kept: int = 20_000
    _levels: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, name: str, now_s: float, tokens: float = 1.0) -> float:
        """Take tokens; 0.0, or the seconds until there are enough (then none is taken).

        More than `burst` at once are given from a full bucket, which is empty long after.
        """
        with self._lock:
            level, since = self._levels.pop(name, (self.burst, now_s))
            level = min(self.burst, level + (now_s - since) * self.rate)
            wanted = min(tokens, self.burst)
            enough = level >= wanted
            self._levels[name] = (level - tokens if enough else level), now_s
            while len(self._levels) > self.kept:
                self._levels.popitem(last=False)
            return 0.0 if enough else (wanted - level) / self.rate
