"""How much memory a demo's processes take at most."""

import threading
from collections.abc import Callable, Iterable
from typing import Final

import psutil

_EVERY_S: Final = 0.5


class PeakMemory:
    """Samples resident memory by process name until closed; `named` gives (name, pid) pairs."""

    def __init__(self, named: Callable[[], Iterable[tuple[str, int]]]) -> None:
        self._named = named
        self.peak_mb: dict[str, float] = {}
        self.peak_sum_mb = 0.0
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop sampling."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.wait(_EVERY_S):
            self._sample()

    def _sample(self) -> None:
        total = 0.0
        for name, pid in self._named():
            try:
                used = psutil.Process(pid).memory_info().rss / 1e6
            except psutil.Error:
                continue
            total += used
            self.peak_mb[name] = max(used, self.peak_mb.get(name, 0.0))
        self.peak_sum_mb = max(total, self.peak_sum_mb)
