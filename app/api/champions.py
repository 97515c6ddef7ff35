"""What the dashboard takes from a profile's champion: what to expect, and where alerts open."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

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
