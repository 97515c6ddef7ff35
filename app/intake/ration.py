"""How many refused records of a key become dead letters: a device gone mad must not fill the topic.

Its sender is told of every one; what is over the measure is counted, and its bytes are not kept.
"""

from collections.abc import Sequence
from threading import Lock

from app.flow.ration import MINUTE_MS, Spent
from app.intake.forms import Refused


class Ration:
    """What each key has spent in the present minute."""

    def __init__(self) -> None:
        self._minute = -1
        self._spent: dict[str, Spent] = {}
        self._lock = Lock()

    def share(self, key: str, refused: Sequence[Refused], now_ms: int) -> list[Refused]:
        """Those that may become letters, in order."""
        sent: list[Refused] = []
        with self._lock:
            if now_ms // MINUTE_MS != self._minute:
                self._minute = now_ms // MINUTE_MS
                self._spent.clear()
            spent = self._spent.get(key, Spent(self._minute))
            for one in refused:
                after = spent.after(len(one.payload))
                if after:
                    spent = after
                    sent.append(one)
            self._spent[key] = spent
        return sent
