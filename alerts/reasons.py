"""Why a part is at risk, in a mechanic's words: the model's contributions, grouped by what they are
about, each told with measured numbers.

A contribution is a share of the log-odds of failure (TreeSHAP: Lundberg et al., Nature Machine
Intelligence 2, 2020). Features of one signal, code or part are one reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from alerts.reason_texts import signal_text, vehicle_text
from contracts.alerts import Reason
from contracts.batches import Floats
from features.profile import Profile
from features.vector import FeatureSpec

MOST: Final = 3
_LEAST: Final = 0.02
"""Contributions below this say nothing to a person."""


@dataclass(frozen=True)
class Evidence:
    """What a score was made of.

    `values` [features] and `contributions` [features + 1] of one row, in the order of `specs`;
    `band` [signals] healthy standard deviations in units; `measured` and `expected` [signals] are
    means of the frames of the last days, NaN where there are none; `codes` maps fault codes to the
    days before the score on which they came.
    """

    profile: Profile
    specs: Sequence[FeatureSpec]
    values: Floats
    contributions: Floats
    band: Floats
    measured: Floats
    expected: Floats
    codes: Mapping[str, Sequence[float]]


def reasons(evidence: Evidence) -> list[Reason]:
    """The strongest reasons for the risk, strongest first; fewer where there are fewer."""
    groups = _groups(evidence)
    totals = {
        subject: float(np.sum(evidence.contributions[places])) for subject, places in groups.items()
    }
    ranked = sorted(totals, key=lambda subject: (-totals[subject], subject))
    strongest = [subject for subject in ranked if totals[subject] >= _LEAST][:MOST]
    return [_reason(evidence, groups[one], totals[one]) for one in strongest]


def unknown(why: str) -> list[Reason]:
    """One entry that says why there are no reasons."""
    return [Reason(f"The reasons can't be told here: {why}")]


def _groups(evidence: Evidence) -> dict[str, list[int]]:
    """Places of the features by what they are about."""
    found: dict[str, list[int]] = {}
    for place, spec in enumerate(evidence.specs):
        topic = "" if spec.signal or spec.kind == "count" else spec.kind
        key = spec.signal or f"{spec.subject}/{topic}"
        found.setdefault(key, []).append(place)
    return found


def _reason(evidence: Evidence, places: list[int], total: float) -> Reason:
    profile = evidence.profile
    by_weight = sorted(places, key=lambda place: -float(evidence.contributions[place]))
    pairs = [(evidence.specs[place], float(evidence.values[place])) for place in by_weight]
    path = pairs[0][0].signal
    if not path:
        return Reason(vehicle_text(profile, *pairs[0], evidence.codes), contribution=total)
    at = next(i for i, signal in enumerate(profile.signals) if signal.path == path)
    signal = profile.signals[at]
    measured, expected = float(evidence.measured[at]), float(evidence.expected[at])
    text = signal_text(signal, pairs, (measured, expected, float(evidence.band[at])))
    known = np.isfinite(measured) and np.isfinite(expected)
    return Reason(
        text,
        path,
        measured if known else None,
        expected if known else None,
        signal.spec.unit,
        total,
    )
