"""How unusual a vehicle is, for a fleet of which nothing has failed yet: no labels, no probability.

Robust standardised distance (Iglewicz and Hoaglin 1993): each feature of a signal's residual as its
distance from the fleet's median in units of the spread between its outer tenths; the root mean
square of a signal's features; that as a multiple of the signal's own 99th percentile; of all
signals the greatest. Among the features are the change since the vehicle was new and its trends, so
both the fleet's and the vehicle's own history are what it is held against. `rank` is the share of
training rows that were less unusual (a conformal p-value, upside down: Laxhammar and Falkman 2014).
Vehicles that are new here are not judged: means of a few frames are far off without any reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from contracts.batches import FeatureRows, Flags, Floats, UnusualRows
from contracts.errors import ModelError
from features.profile import Profile
from features.vector import feature_specs
from models.table import DAY_MS

USUAL_FILE: Final = "usual.bin"
LINE: Final = 0.995
"""From this rank on a vehicle is called unusual."""
_KINDS: Final = frozenset({"mean", "slope", "baseline", "recent"})
_LEAST_ROWS: Final = 200
_SETTLED: Final = 2
"""Third half-lives after which a vehicle is judged."""
_OUTER_TENTHS: Final = 2.563
"""Standard deviations between the outer tenths of a normal distribution."""
_LEAST_SPREAD: Final = 0.1
"""Healthy standard deviations; a feature that never moved says nothing of what is normal below."""
_TAIL: Final = 0.99
_RANKS: Final = np.concatenate([np.linspace(0, 0.99, 100), [0.995, 0.998, 0.999, 1.0]])


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    age: int
    settled_days: float
    signals: list[str]
    columns: list[int]
    signal: list[int]
    numbers: bytes


@dataclass(frozen=True, eq=False)
class Usual:
    """What is normal of vehicles that are known (column `age`) for `settled_days`.

    `columns` [c] of the feature vector with their `signal` [c] (place in `signals`), `centre` and
    `spread` [c]; `tail` [signals] the 99th percentile of each distance; `scores` [104] of training
    rows at fixed ranks.
    """

    age: int
    settled_days: float
    signals: tuple[str, ...]
    columns: tuple[int, ...]
    signal: tuple[int, ...]
    centre: Floats
    spread: Floats
    tail: Floats
    scores: Floats

    def parts(self, values: Floats) -> Floats:
        """Each signal's distance [n x signals] in multiples of its tail; unknown ones are 0."""
        return _distances(self, values) / self.tail

    def settled(self, values: Floats) -> Flags:
        """Which rows [n] are of vehicles that are known for long enough."""
        return np.asarray(values[:, self.age] >= self.settled_days)

    def rows(self, features: FeatureRows, model: str) -> UnusualRows:
        """The score of feature rows."""
        parts = self.parts(np.ascontiguousarray(features.values, np.float32))
        parts[~self.settled(features.values)] = 0
        score = parts.max(axis=1, initial=0.0)
        rank = np.interp(score, self.scores, _RANKS)
        return UnusualRows(
            features.profile,
            model,
            self.signals,
            features.tenant,
            features.vehicle_id,
            features.time_ms,
            score.astype(np.float32),
            rank.astype(np.float32),
            parts,
        )

    def to_bytes(self) -> bytes:
        """The content, the same for the same numbers."""
        parts = (self.centre, self.spread, self.tail, self.scores)
        numbers = b"".join(np.ascontiguousarray(part, "<f4").tobytes() for part in parts)
        stored = _Stored(
            self.age,
            self.settled_days,
            list(self.signals),
            list(self.columns),
            list(self.signal),
            numbers,
        )
        return msgspec.msgpack.encode(stored)

    @classmethod
    def from_bytes(cls, payload: bytes, features: int) -> "Usual":
        """The inverse of `to_bytes`, for vectors of so many features. Raises ModelError."""
        try:
            stored = msgspec.msgpack.decode(payload, type=_Stored)
            count, signals = len(stored.columns), len(stored.signals)
            numbers = np.frombuffer(stored.numbers, "<f4").astype(np.float32)
            ends = np.cumsum([count, count, signals, len(_RANKS)])
            fits = len(numbers) == ends[-1] and len(stored.signal) == count
            if not fits or max([stored.age, *stored.columns]) >= features:
                raise ValueError("wrong number of features")  # noqa: TRY301
        except (msgspec.DecodeError, ValueError) as error:
            raise ModelError(f"what is usual is damaged ({error}); train it again") from error
        parts = np.split(numbers, ends[:-1])
        names = (tuple(stored.signals), tuple(stored.columns), tuple(stored.signal))
        return cls(stored.age, stored.settled_days, *names, *parts)


def fit_usual(profile: Profile, values: Floats) -> Usual | None:
    """What is normal by training rows [n x features]; None with too few of them. Signals that say
    how the vehicle is used are left out.
    """
    specs = feature_specs(profile)
    age = next(i for i, one in enumerate(specs) if (one.kind, one.subject) == ("age", "vehicle"))
    days = _SETTLED * profile.half_lives_ms[2] / DAY_MS
    values = values[values[:, age] >= days]
    if len(values) < _LEAST_ROWS:
        return None
    operating = {signal.path for signal in profile.signals if signal.operating}
    chosen = [
        (place, spec.signal)
        for place, spec in enumerate(specs)
        if spec.kind in _KINDS and spec.signal not in operating
    ]
    signals = tuple(dict.fromkeys(signal for _, signal in chosen))
    columns = tuple(place for place, _ in chosen)
    centre, spread = _centre(values[:, columns])
    ones = np.ones(len(signals), np.float32)
    empty = np.zeros(len(_RANKS), np.float32)
    seats = tuple(signals.index(signal) for _, signal in chosen)
    draft = Usual(age, days, signals, columns, seats, centre, spread, ones, empty)
    distance = _distances(draft, values)
    tail = np.maximum(np.quantile(distance, _TAIL, axis=0), 1.0).astype(np.float32)
    score = (distance / tail).max(axis=1, initial=0.0)
    ranks = np.quantile(score, _RANKS).astype(np.float32)
    return Usual(age, days, signals, columns, seats, centre, spread, tail, ranks)


def furthest(rows: UnusualRows, row: int, most: int = 3) -> Sequence[tuple[str, float]]:
    """The signals that make a row unusual, with their distances, the greatest first."""
    order = np.argsort(-rows.parts[row], kind="stable")[:most].tolist()
    return [(rows.signals[place], float(rows.parts[row, place])) for place in order]


def _centre(values: Floats) -> tuple[Floats, Floats]:
    """Median and spread [columns] of what is known; unknown columns 0 and endlessly wide."""
    centre = np.zeros(values.shape[1], np.float32)
    spread = np.full(values.shape[1], np.inf, np.float32)
    for place, column in enumerate(values.T):
        known = column[np.isfinite(column)]
        if known.size:
            low, centre[place], high = np.quantile(known, (0.1, 0.5, 0.9))
            spread[place] = max((high - low) / _OUTER_TENTHS, _LEAST_SPREAD)
    return centre, spread


def _distances(usual: Usual, values: Floats) -> Floats:
    """Root mean square [n x signals] of the known features of each signal."""
    own = (values[:, usual.columns] - usual.centre) / usual.spread
    known = np.isfinite(own)
    squares = np.where(known, own * own, 0)
    found = np.zeros((len(values), len(usual.signals)), np.float32)
    seats = np.array(usual.signal)
    for place in range(len(usual.signals)):
        mine = seats == place
        count = known[:, mine].sum(axis=1)
        found[:, place] = np.sqrt(squares[:, mine].sum(axis=1) / np.maximum(count, 1))
    return found
