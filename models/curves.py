"""Curves of rankings, of probabilities, and of decisions by a threshold: what is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from contracts.batches import Doubles, Floats, Ints
from features.profile import Costs

EDGES: Final = (0.01, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95)


@dataclass(frozen=True, eq=False)
class Reliability:
    """Bins of predicted risk: `predicted` mean, `observed` share with its 90 % range `low`, `high`
    and the number of `events` [bins]; bins without rows are left out.
    """

    predicted: Doubles
    observed: Doubles
    low: Doubles
    high: Doubles
    events: Ints


def precision_recall(came: Floats, score: Floats) -> tuple[Doubles, Doubles]:
    """Recall and precision [k] at every distinct score, best first."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(came[order] == 1)
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    return hits[last] / max(int(hits[-1]), 1), hits[last] / (last + 1)


def thinned(recall: Doubles, precision: Doubles, most: int) -> tuple[Doubles, Doubles]:
    """At most `most` + 1 points of a curve, evenly along its recall: of each stretch the last."""
    place = np.unique(np.searchsorted(recall, np.linspace(recall[0], recall[-1], most + 1)))
    return recall[place], precision[place]


def bin_of(risk: Floats | Doubles) -> Ints:
    """The number [n] of the bin that each risk is in."""
    return np.searchsorted(EDGES, risk, side="right")


def reliability(
    came: Floats, risk: Floats, rows_a_failure: int = 1, by: Floats | None = None
) -> Reliability:
    """Predicted against observed between the edges of risk, or of another one (`by` [n]).

    `rows_a_failure`: rows that tell the same failure; the range (Wilson) counts them as one.
    """
    place = bin_of(risk if by is None else by)
    label, score = (came == 1).astype(np.float64), risk.astype(np.float64)
    count = np.bincount(place, minlength=len(EDGES) + 1)
    kept = np.flatnonzero(count)
    predicted = np.bincount(place, score, len(count))[kept] / count[kept]
    events = np.bincount(place, label, len(count))[kept]
    observed = events / count[kept]
    low, high = _wilson(observed, np.maximum(count[kept] / rows_a_failure, 1.0))
    return Reliability(predicted, observed, low, high, events.astype(np.int64))


def _wilson(share: Doubles, count: Doubles) -> tuple[Doubles, Doubles]:
    """Wilson's score interval at 90 % (Wilson 1927)."""
    z = 1.645
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count**2)) / (1 + z * z / count)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


@dataclass(frozen=True, eq=False)
class Watched:
    """One part of one vehicle under watch: its risk [n] over `time_ms` [n], and its failures."""

    time_ms: Ints
    risk: Floats
    failed: Ints


@dataclass(frozen=True)
class Decision:
    """What checking at one threshold came to. `leads_ms` of the failures that were caught."""

    threshold: float
    caught: int
    missed: int
    unneeded: int
    leads_ms: tuple[int, ...]

    def cost(self, costs: Costs) -> float:
        """What failures, planned repairs and unneeded checks cost together."""
        return (
            self.caught * costs.planned_repair
            + self.missed * costs.breakdown
            + self.unneeded * costs.unneeded_check
        )


def decide(watched: Sequence[Watched], threshold: float, within_ms: int) -> Decision:
    """A part is checked when its risk rises to the threshold, and not again before it was below
    half of it. A check is right when the part fails within `within_ms`.
    """
    caught = missed = unneeded = 0
    leads: list[int] = []
    for one in watched:
        checks = one.time_ms[_rises(one.risk, threshold)]
        ahead = one.failed[None] - checks[:, None]
        right = (ahead > 0) & (ahead <= within_ms)
        unneeded += int((~right.any(axis=1)).sum())
        for failure in range(len(one.failed)):
            found = ahead[right[:, failure], failure]
            if found.size:
                caught += 1
                leads.append(int(found.max()))
            else:
                missed += 1
    return Decision(threshold, caught, missed, unneeded, tuple(leads))


def _rises(risk: Floats, threshold: float) -> Ints:
    """Where an alert opens: at or above the threshold, after having been below half of it."""
    opened, found = False, []
    for place in np.flatnonzero((risk >= threshold) | (risk < threshold / 2)).tolist():
        above = bool(risk[place] >= threshold)
        if above and not opened:
            found.append(place)
        opened = above
    return np.array(found, np.int64)


def gain(risk: Floats, failure: Ints) -> tuple[Doubles, Doubles]:
    """Share of rows checked, riskiest first, and share of failures that are then found.

    `failure` [n]: number of the failure that the row lies before, -1 for none; the first row found
    finds it.
    """
    order = np.argsort(-risk, kind="stable")
    _, first = np.unique(failure[order], return_index=True)
    known = np.sort(first[failure[order][first] >= 0])
    checked = np.concatenate([[0.0], (known + 1) / len(risk), [1.0]])
    found = np.arange(len(known) + 1) / max(len(known), 1)
    return checked, np.append(found, 1.0)
