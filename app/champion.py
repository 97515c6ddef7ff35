"""Models in use: looked up in the registry again and again, loaded when they change."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, Protocol

import structlog

from app.flow.score import Champion, Scorer
from contracts.errors import ModelError, TelltaleError
from features.expectation import Expectation

POLL_S = 3.0

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


class Champions:
    """The champion (or the shadow) of each profile. A champion that can't be loaded leaves the old
    one in use; a shadow that can't be leaves none.
    """

    def __init__(self, registry: Shelf, profiles: Iterable[str], role: Role = "champion") -> None:
        self._registry, self._profiles, self._role = registry, tuple(profiles), role
        self._loaded: dict[str, Champion] = {}
        self._refused: dict[str, str] = {}

    def refresh(self) -> Mapping[str, Champion]:
        """The models as they are now; a fresh mapping whenever one changed."""
        for profile in self._profiles:
            try:
                self._look(profile)
            except TelltaleError as error:
                self._refuse(profile, str(error))
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
        try:
            bundle, expectation = shelf.load(wanted)
        except TelltaleError as error:
            self._refuse(profile, f"{wanted}: {error}")
            return
        self._loaded[profile] = Champion(bundle, expectation)
        self._refused.pop(profile, None)
        _log.info(f"{self._role} in use", profile=profile, model=wanted)

    def _refuse(self, profile: str, reason: str) -> None:
        if self._role == "shadow":
            self._loaded.pop(profile, None)
        if self._refused.get(profile) != reason:
            self._refused[profile] = reason
            kept = self._loaded.get(profile)
            _log.error(
                _REFUSED[self._role],
                profile=profile,
                reason=reason,
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
