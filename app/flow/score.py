"""Feature rows to risk, by the champion of their profile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.flow.effects import Expected
from contracts.batches import FeatureRows, RiskRows
from features.expectation import Expectation


class Scorer(Protocol):
    """What the worker asks of a bundle (models/bundle.py)."""

    @property
    def id(self) -> str:
        """Names the bundle."""
        ...

    @property
    def feature_names(self) -> Sequence[str]:
        """The columns that it takes, in order."""
        ...

    def score(self, rows: FeatureRows) -> RiskRows:
        """Risk of each row."""
        ...


@dataclass(frozen=True)
class Champion:
    """A bundle in use, with the expectation that its features are made with."""

    bundle: Scorer
    expectation: Expectation


@dataclass(frozen=True)
class Scored:
    """Risk rows, and why rows of a profile were not scored (profile -> reason)."""

    risk: list[RiskRows]
    refused: dict[str, str]


def score(features: Sequence[Expected], champions: Mapping[str, Champion]) -> Scored:
    """Score rows whose features were made as the champion expects; a profile without a champion
    has no risk, and neither has one of which nothing has failed yet: its champion has no modes.
    """
    scored = Scored([], {})
    for item in features:
        profile = item.rows.profile
        champion = champions.get(profile)
        if champion is None:
            continue
        reason = _unfit(item, champion)
        if reason:
            scored.refused[profile] = reason
        else:
            risk = champion.bundle.score(item.rows)
            if risk.modes:
                scored.risk.append(risk)
    return scored


def _unfit(item: Expected, champion: Champion) -> str:
    bundle, profile = champion.bundle, item.rows.profile
    if champion.expectation.id != item.expectation_id:
        return (
            f"model {bundle.id} of {profile} was trained with expectation "
            f"{champion.expectation.id}, the state was made with {item.expectation_id}; stop the "
            "workers and run `telltale state rebuild`"
        )
    if tuple(bundle.feature_names) != tuple(item.rows.names):
        return f"model {bundle.id} of {profile} takes other features; train it again"
    return ""
