"""How many refused records of a key become dead letters: a device gone mad must not fill the topic.

Its sender is told of every one; what is over the measure is counted, and its bytes are not kept.
"""

from collections.abc import Sequence
from threading import Lock

from app.flow.ration import BYTES, LETTERS, MINUTE_MS
from app.intake.forms import Refused


class Ration:
    """What each key has spent in the present minute: letters and their bytes."""

    def __init__(self) -> None:
        self._minute = -1
        self._spent: dict[str, tuple[int, int]] = {}
        self._lock = Lock()

    def share(self, key: str, refused: Sequence[Refused], now_ms: int) -> list[Refused]:
        """Those that may become letters, in order."""
        sent: list[Refused] = []
        with self._lock:
            if now_ms // MINUTE_MS != self._minute:
                self._minute = now_ms // MINUTE_MS
                self._spent.clear()
            letters, size = self._spent.get(key, (0, 0))
            for one in refused:
                if letters < LETTERS and size + len(one.payload) <= BYTES:
                    letters, size = letters + 1, size + len(one.payload)
                    sent.append(one)
            self._spent[key] = letters, size
        return sent
