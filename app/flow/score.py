"""Feature rows to risk, by the champion of their profile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from app.flow.effects import Expected
from contracts.batches import FeatureRows, RiskRows, UnusualRows
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

    def unusual(self, rows: FeatureRows) -> UnusualRows | None:
        """How unusual each row is; asked of a bundle without failure models."""
        ...


@dataclass(frozen=True)
class Champion:
    """A bundle in use, with the expectation that its features are made with."""

    bundle: Scorer
    expectation: Expectation


@dataclass(frozen=True)
class Scored:
    """Risk rows, and why rows of a profile were not scored (profile -> reason).

    `heard` are the rows that got no risk, so that their vehicles count as heard; `unusual` says how
    unusual they are, where their model knows what is usual.
    """

    risk: list[RiskRows] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    heard: list[RiskRows] = field(default_factory=list)
    unusual: list[UnusualRows] = field(default_factory=list)


def score(features: Sequence[Expected], champions: Mapping[str, Champion]) -> Scored:
    """Score rows whose features were made as the champion expects. A profile without a champion
    has no risk, and neither has one of which nothing has failed yet: its champion has no modes,
    and says how unusual vehicles are.
    """
    scored = Scored()
    for item in features:
        profile = item.rows.profile
        champion = champions.get(profile)
        reason = _unfit(item, champion) if champion else ""
        if reason:
            scored.refused[profile] = reason
        if champion is None or reason:
            scored.heard.append(_without_risk(item.rows, ""))
            continue
        risk = champion.bundle.score(item.rows)
        if risk.modes:
            scored.risk.append(risk)
            continue
        scored.heard.append(_without_risk(item.rows, champion.bundle.id))
        unusual = champion.bundle.unusual(item.rows)
        if unusual is not None:
            scored.unusual.append(unusual)
    return scored


def _without_risk(rows: FeatureRows, model: str) -> RiskRows:
    none = np.empty((len(rows), 0, 3), np.float32)
    return RiskRows(rows.profile, model, (), rows.tenant, rows.vehicle_id, rows.time_ms, none, None)


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
