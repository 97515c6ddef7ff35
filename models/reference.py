"""What a model was trained on, in few numbers: kept with it, so that use can be held against it.

Each feature's training rows are cut into tenths, with one more bin for what is unknown; each mode's
scores (of vehicles that the trees had not seen) likewise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import numpy as np

from contracts.batches import Doubles, Floats, Ints
from contracts.errors import ModelError

REFERENCE_FILE: Final = "reference.bin"
TENTHS: Final = 10
ROWS: Final = 20_000
"""Training rows that are looked at, evenly taken."""
WEEK_MS: Final = 7 * 86_400_000
_MONDAY_MS: Final = 4 * 86_400_000
"""The first Monday after the beginning of Unix time."""
EXTRA: Final = 5.0
"""A week is drawn towards the training shares as if so many more vehicles had looked like them."""
_FLOOR: Final = 1e-4
_SETTLING: Final = 5
"""Weeks at the start of a history in which its longest memories are still being filled."""
_DECILES: Final = tuple(round(k / TENTHS, 1) for k in range(1, TENTHS))


@dataclass(frozen=True, eq=False)
class Shape:
    """How columns were spread: `edges` [columns x 9] deciles of what was known, `shares`
    [columns x 11] of rows from the lowest tenth up, the last unknown; `usual` [columns] the
    greatest stability index (see `psi`) that a training week had against all of training.
    """

    edges: Floats
    shares: Floats
    usual: Floats

    def psi(self, values: Floats, vehicles: int) -> Doubles:
        """Population stability index [columns] of `values` [n x columns] of so many vehicles.

        The sum of (p - q) ln(p / q) over the bins (Siddiqi 2006). `p` is drawn towards `q`, or an
        empty bin of a small fleet would count as a change.
        """
        return _psi(_shares(self.edges, values), self.shares, vehicles)


@dataclass(frozen=True, eq=False)
class Reference:
    """`features` in the order of the bundle's, `scores` in the order of `modes` (those with trees):
    their 30-day risk. `vehicles` and `weeks` of training.
    """

    features: Shape
    modes: tuple[str, ...]
    scores: Shape
    vehicles: int
    weeks: int

    def to_bytes(self) -> bytes:
        """The content, the same for the same numbers."""
        shapes = (self.features, self.scores)
        return msgspec.msgpack.encode(
            _Stored(
                list(self.modes),
                self.vehicles,
                self.weeks,
                [len(one.usual) for one in shapes],
                b"".join(_packed(one) for one in shapes),
            )
        )

    @classmethod
    def from_bytes(cls, payload: bytes) -> "Reference":
        """The inverse of `to_bytes`. Raises ModelError."""
        try:
            stored = msgspec.msgpack.decode(payload, type=_Stored)
            numbers = np.frombuffer(stored.numbers, "<f4").astype(np.float32)
            if len(stored.columns) != len(_SHAPES) or len(numbers) != sum(stored.columns) * _WIDTH:
                raise ValueError("wrong number of shares")  # noqa: TRY301
        except (msgspec.DecodeError, ValueError) as error:
            raise ModelError(f"the reference is damaged ({error}); train it again") from error
        first = stored.columns[0] * _WIDTH
        features, scores = _unpacked(numbers[:first]), _unpacked(numbers[first:])
        return cls(features, tuple(stored.modes), scores, stored.vehicles, stored.weeks)


_SHAPES: Final = ("features", "scores")
_WIDTH: Final = TENTHS - 1 + TENTHS + 1 + 1


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    modes: list[str]
    vehicles: int
    weeks: int
    columns: list[int]
    numbers: bytes


def week_of(time_ms: Ints) -> Ints:
    """The Monday [n] (its first moment, UTC) of each time."""
    return np.asarray((time_ms - _MONDAY_MS) // WEEK_MS * WEEK_MS + _MONDAY_MS)


def reference_of(
    values: Floats,
    scores: Mapping[str, tuple[Floats, Floats]],
    vehicle: Ints,
    time_ms: Ints,
) -> Reference:
    """The reference of training rows: `values` [n x features], the number of the row's `vehicle`
    [n] and its time [n].

    `scores` by mode: 30-day risk [n] by trees that had not seen the vehicle, which is what is
    expected in use, and by the final ones: that these differ is no drift either.
    """
    weeks, vehicles = week_of(time_ms), len(np.unique(vehicle))
    unseen, final = (
        np.array([pair[side] for pair in scores.values()], np.float32).reshape(-1, len(values)).T
        for side in (0, 1)
    )
    risk = _shape(unseen, vehicle, weeks)
    usual = np.maximum(risk.usual, risk.psi(final, vehicles)).astype(np.float32)
    return Reference(
        _shape(values, vehicle, weeks),
        tuple(scores),
        replace(risk, usual=usual),
        vehicles,
        len(np.unique(weeks)),
    )


def evenly(count: int, most: int = ROWS) -> Ints:
    """Places of at most so many of `count` rows, evenly apart."""
    return np.arange(0, count, max(1, -(-count // most)))


def _shape(values: Floats, vehicle: Ints, weeks: Ints) -> Shape:
    edges = _edges(values)
    shares = _shares(edges, values)
    usual = np.zeros(values.shape[1])
    found = np.unique(weeks)
    for week in found[_SETTLING if len(found) >= 3 * _SETTLING else 0 :]:
        rows = weeks == week
        own = _psi(_shares(edges, values[rows]), shares, len(np.unique(vehicle[rows])))
        usual = np.maximum(usual, own)
    return Shape(edges, shares.astype(np.float32), usual.astype(np.float32))


def _edges(values: Floats) -> Floats:
    """Deciles [columns x 9] of what is known; where nothing is, all zero."""
    found = np.zeros((values.shape[1], TENTHS - 1), np.float32)
    for place, column in enumerate(values.T):
        known = column[np.isfinite(column)]
        if known.size:
            found[place] = np.quantile(known, _DECILES)
    return found


def _shares(edges: Floats, values: Floats) -> Doubles:
    """Share of rows in each bin [columns x 11]."""
    found = np.zeros((values.shape[1], TENTHS + 1))
    for place, column in enumerate(values.T):
        known = np.isfinite(column)
        bins = np.searchsorted(edges[place], column[known], side="right")
        found[place, :TENTHS] = np.bincount(bins, minlength=TENTHS)
        found[place, TENTHS] = len(column) - int(known.sum())
    return found / max(1, len(values))


def _psi(shares: Doubles, reference: Floats | Doubles, vehicles: int) -> Doubles:
    known = np.maximum(np.asarray(reference, np.float64), _FLOOR)
    drawn = (vehicles * shares + EXTRA * known) / (vehicles + EXTRA)
    drawn = np.maximum(drawn, _FLOOR)
    return np.asarray(((drawn - known) * np.log(drawn / known)).sum(axis=1))


def _packed(shape: Shape) -> bytes:
    rows = np.concatenate([shape.edges, shape.shares, shape.usual[:, None]], axis=1)
    return np.ascontiguousarray(rows, "<f4").tobytes()


def _unpacked(numbers: Floats) -> Shape:
    rows = numbers.reshape(-1, _WIDTH)
    parts: Sequence[Floats] = np.split(rows, [TENTHS - 1, 2 * TENTHS], axis=1)
    return Shape(parts[0], parts[1], parts[2][:, 0])
