"""The models behind scores, by id: where alerts open, and what explains them."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import structlog

from app.champion import Shelf
from contracts.batches import Floats
from contracts.errors import TelltaleError
from features.expectation import Expectation
from features.profile import Profile

DEFAULT_LINE: Final = 0.25
"""The 30-day risk at which an alert opens where the model that scored can't be asked."""

_log = structlog.get_logger(__name__)


class Explainer(Protocol):
    """What is asked of a bundle (models/bundle.py)."""

    @property
    def feature_names(self) -> Sequence[str]:
        """The columns that it takes, in order."""
        ...

    @property
    def lines(self) -> Mapping[str, float]:
        """The 30-day risk at which an alert opens, by mode."""
        ...

    def contributions(self, mode: str, values: Floats) -> Floats:
        """TreeSHAP in log-odds [n, features + 1] of values [n, features]."""
        ...


class Models:
    """Looks bundles up in the registry once each; one that can't be had stays away."""

    def __init__(self, registry: Shelf, profiles: Mapping[str, Profile]) -> None:
        self._registry, self.profiles = registry, profiles
        self._found: dict[str, tuple[Explainer, Expectation] | None] = {}
        self._lines: dict[tuple[str, str], Mapping[str, float]] = {}

    def find(self, model: str) -> tuple[Explainer, Expectation] | None:
        """The bundle and its expectation, None where it can't be had."""
        if model not in self._found:
            self._found[model] = self._load(model)
        return self._found[model]

    def lines(self, profile: str, model: str) -> Mapping[str, float]:
        """Where alerts open by what the model says; it never changes for a model."""
        known = self._lines.get((profile, model))
        if known is None:
            known = self._lines[profile, model] = self._lines_of(profile, model)
        return known

    def _lines_of(self, profile: str, model: str) -> Mapping[str, float]:
        found = self.find(model)
        if found is not None:
            return dict(found[0].lines)
        if profile not in self.profiles:
            return {}
        _log.warning("a model has no lines; alerts open at the default", model=model)
        return {mode.name: DEFAULT_LINE for mode in self.profiles[profile].modes}

    def _load(self, model: str) -> tuple[Explainer, Expectation] | None:
        try:
            bundle, expectation = self._registry.load(model)
        except TelltaleError as error:
            _log.warning("a model behind scores can't be had", model=model, reason=str(error))
            return None
        if not (hasattr(bundle, "contributions") and hasattr(bundle, "lines")):
            _log.warning("a model explains nothing and has no lines", model=model)
            return None
        return bundle, expectation  # type: ignore[return-value]
