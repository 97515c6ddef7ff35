"""What the dashboard takes from a profile's champion: what to expect, and where alerts open."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app.champion import Champions
from contracts.errors import ModelError
from features.expectation import Expectation
from models.record import ModeCurves
from models.registry import Registry


@dataclass(frozen=True)
class Champion:
    """The model in use: by mode, `lines` is the 30-day risk at which an alert opens, `curves` how
    its risk fared on vehicles that it had not seen.
    """

    id: str
    expectation: Expectation
    lines: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, ModeCurves] = field(default_factory=dict)


CurvesOf = Callable[[str], Mapping[str, ModeCurves]]
"""The curves of a model by its id."""
ChampionOf = Callable[[str], Champion | None]
"""The champion of a profile by name, None where none is promoted."""


def no_champion(_profile: str) -> Champion | None:
    """No model at all: charts come without an expected band."""
    return None


def kept_curves(registry: Registry, model: str) -> Mapping[str, ModeCurves]:
    """The curves in a model's training record; none of before they were kept."""
    try:
        modes = registry.manifest(model).record.modes
    except ModelError:
        return {}
    return {one.mode: one.curves for one in modes if one.curves}


class WatchedChampions:
    """A ChampionOf as the registry was when somebody looked last: no page waits for a model to
    load.
    """

    def __init__(self, champions: Champions, curves_of: CurvesOf = lambda _model: {}) -> None:
        self._champions = champions
        self._curves_of = curves_of
        self._found: Mapping[str, Champion] = {}

    def __call__(self, profile: str) -> Champion | None:
        """The champion as it was seen last."""
        return self._found.get(profile)

    def look(self) -> None:
        """Look once."""
        before, found = self._found, {}
        for profile, one in self._champions.refresh().items():
            known = before.get(profile)
            if known is None or known.id != one.bundle.id:
                lines = getattr(one.bundle, "lines", {})
                curves = self._curves_of(one.bundle.id)
                known = Champion(one.bundle.id, one.expectation, lines, curves)
            found[profile] = known
        self._found = found
