"""What the dashboard takes from a profile's champion: what to expect, and where alerts open."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app.champion import POLL_S, Champions
from features.expectation import Expectation


@dataclass(frozen=True)
class Champion:
    """The model in use: `lines` is the 30-day risk at which an alert opens, by mode."""

    id: str
    expectation: Expectation
    lines: Mapping[str, float] = field(default_factory=dict)


ChampionOf = Callable[[str], Champion | None]
"""The champion of a profile by name, None where none is promoted."""


def no_champion(_profile: str) -> Champion | None:
    """No model at all: charts come without an expected band."""
    return None


class WatchedChampions:
    """A ChampionOf that follows the registry: a thread looks every three seconds, so that no page
    waits for a model to load.
    """

    def __init__(self, champions: Champions) -> None:
        self._champions = champions
        self._found: Mapping[str, Champion] = {}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="champions", daemon=True)

    def __call__(self, profile: str) -> Champion | None:
        """The champion as it was seen last."""
        return self._found.get(profile)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._closed.set()
        self._thread.join()

    def look(self) -> None:
        """Look once."""
        self._found = {
            profile: Champion(one.bundle.id, one.expectation, getattr(one.bundle, "lines", {}))
            for profile, one in self._champions.refresh().items()
        }

    def _watch(self) -> None:
        while True:
            self.look()
            if self._closed.wait(POLL_S):
                return
