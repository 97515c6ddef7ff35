"""Models in use: looked up in the registry again and again, loaded when they change."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import structlog

from app.flow.score import Champion, Scorer
from contracts.errors import ModelError, TelltaleError
from features.expectation import Expectation

POLL_S = 3.0
_LONGEST_S: Final = 60.0
"""A model that can't be loaded is tried again at least so often: its files may be mended."""

Role = Literal["champion", "shadow"]
_WITHOUT: Final[Mapping[Role, str]] = {
    "champion": "no champion any more; rows are not scored",
    "shadow": "no shadow any more",
}
_REFUSED: Final[Mapping[Role, str]] = {
    "champion": "a champion can't be used; the one before stays",
    "shadow": "a shadow can't be used; the champion goes on without one",
}

_log = structlog.get_logger(__name__)


class Shelf(Protocol):
    """What is asked of the registry (models/registry.py)."""

    def champion(self, profile: str) -> str | None:
        """The champion's id, or None."""
        ...

    def shadow(self, profile: str) -> str | None:
        """The shadow's id, or None."""
        ...

    def load(self, bundle_id: str) -> tuple[Scorer, Expectation]:
        """A verified bundle. Raises ModelError."""
        ...


@dataclass(frozen=True)
class _Refusal:
    """Why a model can't be used. Loading one runs it in a process of its own, so each try is twice
    as far from the next as from the one before: `again_s` and `pause_s` are in seconds.
    """

    reason: str
    wanted: str = ""
    again_s: float = 0.0
    pause_s: float = 0.0


class Champions:
    """The champion (or the shadow) of each profile. A champion that can't be loaded leaves the old
    one in use; a shadow that can't be leaves none.
    """

    def __init__(
        self,
        registry: Shelf,
        profiles: Iterable[str],
        role: Role = "champion",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry, self._profiles, self._role = registry, tuple(profiles), role
        self._clock = clock
        self._loaded: dict[str, Champion] = {}
        self._refused: dict[str, _Refusal] = {}

    def refresh(self) -> Mapping[str, Champion]:
        """The models as they are now; a fresh mapping whenever one changed."""
        for profile in self._profiles:
            try:
                self._look(profile)
            except TelltaleError as error:
                self._refuse(profile, _Refusal(str(error)))
        return dict(self._loaded)

    def _look(self, profile: str) -> None:
        shelf = self._registry
        wanted = shelf.shadow(profile) if self._role == "shadow" else shelf.champion(profile)
        present = self._loaded.get(profile)
        if wanted is None:
            self._refused.pop(profile, None)
            if self._loaded.pop(profile, None):
                _log.warning(_WITHOUT[self._role], profile=profile)
            return
        if present and present.bundle.id == wanted:
            return
        before, now_s = self._refused.get(profile), self._clock()
        pause_s = POLL_S
        if before and before.wanted == wanted:
            if now_s < before.again_s:
                return
            pause_s = min(2 * before.pause_s, _LONGEST_S)
        try:
            bundle, expectation = shelf.load(wanted)
        except TelltaleError as error:
            refusal = _Refusal(f"{wanted}: {error}", wanted, now_s + pause_s, pause_s)
            self._refuse(profile, refusal)
            return
        self._loaded[profile] = Champion(bundle, expectation)
        self._refused.pop(profile, None)
        _log.info(f"{self._role} in use", profile=profile, model=wanted)

    def _refuse(self, profile: str, refusal: _Refusal) -> None:
        if self._role == "shadow":
            self._loaded.pop(profile, None)
        before = self._refused.get(profile)
        self._refused[profile] = refusal
        if before is None or before.reason != refusal.reason:
            kept = self._loaded.get(profile)
            _log.error(
                _REFUSED[self._role],
                profile=profile,
                reason=refusal.reason,
                kept=kept.bundle.id if kept else "none",
            )


class NoModels:
    """A registry without models: features are kept, nothing is scored."""

    def champion(self, profile: str) -> str | None:  # noqa: ARG002 (as Shelf asks)
        """None."""
        return None

    def shadow(self, profile: str) -> str | None:  # noqa: ARG002 (as Shelf asks)
        """None."""
        return None

    def load(self, bundle_id: str) -> tuple[Scorer, Expectation]:
        """Raises ModelError."""
        raise ModelError(f"there is no model {bundle_id}")
