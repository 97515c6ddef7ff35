"""What a batch came to, and several of them as one, so that the store gets few large inserts."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from contracts.batches import FeatureRows, RiskRows, Summaries, UnusualRows
from contracts.dead_letters import DeadLetter, Withheld
from contracts.records import VehicleEvent


@dataclass(frozen=True)
class Expected:
    """Feature rows with the id of the expectation that their residuals were taken from."""

    expectation_id: str
    rows: FeatureRows


@dataclass
class Effects:
    """Everything that has to be stored and published before the log may be forgotten.

    `held` counts refusals that got no letter of their own; `withheld` accounts for them. `shadow`
    is risk that is stored and told to nobody; `heard` are scores without any risk, told so that the
    vehicle counts as heard, `unusual` what is stored of them where their model knows what is usual.
    """

    summaries: list[Summaries] = field(default_factory=list)
    events: list[VehicleEvent] = field(default_factory=list)
    features: list[Expected] = field(default_factory=list)
    risk: list[RiskRows] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    messages: int = 0
    withheld: list[Withheld] = field(default_factory=list)
    held: int = 0
    shadow: list[RiskRows] = field(default_factory=list)
    heard: list[RiskRows] = field(default_factory=list)
    unusual: list[UnusualRows] = field(default_factory=list)


def merge(parts: Iterable[Effects]) -> Effects:
    """All effects as one: one item per profile (and expectation)."""
    whole = Effects()
    summaries: dict[str, list[Summaries]] = {}
    features: dict[tuple[str, str], list[FeatureRows]] = {}
    for part in parts:
        for batch in part.summaries:
            summaries.setdefault(batch.profile, []).append(batch)
        for expected in part.features:
            key = (expected.rows.profile, expected.expectation_id)
            features.setdefault(key, []).append(expected.rows)
        whole.events += part.events
        whole.letters += part.letters
        whole.withheld += part.withheld
        whole.held += part.held
        whole.messages += part.messages
    whole.summaries = [_join_summaries(batches) for batches in summaries.values()]
    whole.features = [Expected(key[1], _join_features(rows)) for key, rows in features.items()]
    return whole


def _join_summaries(parts: list[Summaries]) -> Summaries:
    if len(parts) == 1:
        return parts[0]
    return Summaries(
        parts[0].profile,
        [tenant for part in parts for tenant in part.tenant],
        [vehicle for part in parts for vehicle in part.vehicle_id],
        np.concatenate([part.time_ms for part in parts]),
        np.concatenate([part.seq for part in parts]),
        np.concatenate([part.stats for part in parts]),
    )


def _join_features(parts: list[FeatureRows]) -> FeatureRows:
    if len(parts) == 1:
        return parts[0]
    return FeatureRows(
        parts[0].profile,
        parts[0].names,
        [tenant for part in parts for tenant in part.tenant],
        [vehicle for part in parts for vehicle in part.vehicle_id],
        np.concatenate([part.time_ms for part in parts]),
        [trigger for part in parts for trigger in part.trigger],
        np.concatenate([part.values for part in parts]),
    )
