"""The champions in use: looked up in the registry again and again, loaded when they change."""

from collections.abc import Iterable, Mapping
from typing import Protocol

import structlog

from app.flow.score import Champion, Scorer
from contracts.errors import ModelError, TelltaleError
from features.expectation import Expectation

POLL_S = 3.0

_log = structlog.get_logger(__name__)


class Shelf(Protocol):
    """What is asked of the registry (models/registry.py)."""

    def champion(self, profile: str) -> str | None:
        """The champion's id, or None."""
        ...

    def load(self, bundle_id: str) -> tuple[Scorer, Expectation]:
        """A verified bundle. Raises ModelError."""
        ...


class Champions:
    """The champion of each profile. A model that can't be loaded leaves the old one in use."""

    def __init__(self, registry: Shelf, profiles: Iterable[str]) -> None:
        self._registry, self._profiles = registry, tuple(profiles)
        self._loaded: dict[str, Champion] = {}
        self._refused: dict[str, str] = {}

    def refresh(self) -> Mapping[str, Champion]:
        """The champions as they are now; a fresh mapping whenever one changed."""
        for profile in self._profiles:
            try:
                self._look(profile)
            except TelltaleError as error:
                self._refuse(profile, str(error))
        return dict(self._loaded)

    def _look(self, profile: str) -> None:
        wanted = self._registry.champion(profile)
        present = self._loaded.get(profile)
        if wanted is None:
            if self._loaded.pop(profile, None):
                _log.warning("no champion any more; rows are not scored", profile=profile)
            return
        if present and present.bundle.id == wanted:
            return
        try:
            bundle, expectation = self._registry.load(wanted)
        except TelltaleError as error:
            self._refuse(profile, f"{wanted}: {error}")
            return
        self._loaded[profile] = Champion(bundle, expectation)
        self._refused.pop(profile, None)
        _log.info("champion in use", profile=profile, model=wanted)

    def _refuse(self, profile: str, reason: str) -> None:
        if self._refused.get(profile) != reason:
            self._refused[profile] = reason
            kept = self._loaded.get(profile)
            _log.error(
                "a champion can't be used; the one before stays",
                profile=profile,
                reason=reason,
                kept=kept.bundle.id if kept else "none",
            )


class NoModels:
    """A registry without models: features are kept, nothing is scored."""

    def champion(self, profile: str) -> str | None:  # noqa: ARG002 (as Shelf asks)
        """None."""
        return None

    def load(self, bundle_id: str) -> tuple[Scorer, Expectation]:
        """Raises ModelError."""
        raise ModelError(f"there is no model {bundle_id}")
