"""Ways in which the answer gets into the question, and what finds them before training.

A model that was shown the answer looks perfect and is worthless, so these are errors, not notes.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import rankdata

from contracts.batches import Doubles, Flags, Floats, Ints
from contracts.errors import ModelError
from models.table import Table

TELLTALE: Final = 0.999
"""No honest feature orders rows of failing and of sound vehicles so well (AUC)."""
SUSPECT: Final = 0.98
LEAST_FAILED: Final = 30
"""Rows of failures below which a perfect order may be chance."""
_SAMPLE: Final = 2_000


@dataclass(frozen=True)
class Suspect:
    """A feature that orders a mode's rows strangely well."""

    mode: str
    feature: str
    auc: float

    def __str__(self) -> str:
        return f"{self.feature} alone orders the rows of {self.mode} with an AUC of {self.auc:.3f}"


def refuse_shared_vehicles(vehicle: Ints, fold: Ints) -> None:
    """Raises ModelError when rows of one vehicle are in several folds."""
    first = np.full(int(vehicle.max(initial=-1)) + 1, -1, np.int64)
    first[vehicle] = fold
    shared = np.unique(vehicle[first[vehicle] != fold])
    if shared.size:
        raise ModelError(
            f"{shared.size} vehicles are on both sides of the split (the first is number "
            f"{shared[0]}); a model would know them by heart: split by vehicle"
        )


def refuse_future(table: Table) -> None:
    """Raises ModelError when a row, or what its label says, lies beyond the table's end."""
    until = table.scope.until_ms
    late = int((table.time_ms >= until).sum())
    if late:
        raise ModelError(
            f"{late} rows are dated at or after the end of what is known; their features hold "
            "what nobody could have known: cut history at the end"
        )
    ends = np.array(table.profile.hazard_bins_ms, np.int64)
    known = np.searchsorted(ends, until - table.time_ms, side="right")
    told = np.ceil(np.abs(table.labels)).max(axis=0, initial=0)
    beyond = int((told > known).sum())
    if beyond:
        raise ModelError(
            f"the labels of {beyond} rows speak of time after the end of what is known; purge "
            "rows that are too close to it"
        )


def refuse_answers(table: Table, last_bin: int, seed: int = 0) -> list[Suspect]:
    """Features that are strangely good alone; raises ModelError for one that encodes the label.

    Looks at a sample of the rows; `last_bin` bins count as near.
    """
    rows = np.sort(np.random.default_rng(seed).permutation(len(table))[:_SAMPLE])
    values = _known(table.values(rows))
    found = []
    for mode in table.profile.modes:
        label = table.label(mode.name)[rows]
        failed = (label < 0) & (label >= -last_bin)
        judged = failed | (label >= last_bin)
        if failed.sum() < LEAST_FAILED or not (judged & ~failed).any():
            continue
        for feature, value in enumerate(_auc(values[judged], failed[judged]).tolist()):
            if value >= SUSPECT:
                found.append(Suspect(mode.name, table.names[feature], value))
    worst = max(found, key=lambda one: one.auc, default=None)
    if worst and worst.auc >= TELLTALE:
        raise ModelError(f"{worst}: it holds the answer; find out where it comes from")
    return found


def _known(values: Floats) -> Floats:
    """Unknown values put into the middle of the known ones."""
    found = np.where(np.isfinite(values), values, np.float32(np.nan))
    empty = np.isnan(found).all(axis=0)
    found[:, empty] = 0.0
    return np.where(np.isnan(found), np.nanmedian(found, axis=0), found)


def _auc(values: Floats, failed: Flags) -> Doubles:
    """How well each feature orders [features], whichever its sign; ties count half."""
    rank = rankdata(values, axis=0)
    hits = int(failed.sum())
    value = (rank[failed].sum(0) - hits * (hits + 1) / 2) / (hits * (len(failed) - hits))
    return np.asarray(np.maximum(value, 1 - value))
