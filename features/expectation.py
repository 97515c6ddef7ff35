"""What a signal should be, here and now, given how the vehicle is being used.

Ridge regression on a polynomial of degree two (with interactions) of the profile's operating
signals, fitted on healthy history. A residual is the distance to it in healthy standard
deviations.
"""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations_with_replacement

import msgspec
import numpy as np
import numpy.typing as npt

from contracts.batches import Doubles, Floats
from contracts.errors import ModelError
from features.profile import Profile

MIN_ROWS = 50
"""A signal seen in fewer healthy frames keeps the neutral expectation."""
RIDGE = 1e-4
"""Penalty per row and coefficient, on standardised operating signals."""
SD_FLOOR = 1e-3
"""Smallest healthy standard deviation, in units of the profile's scale."""
_OUTLIER = 6.0
_CHUNK = 2_048


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    profile: str
    paths: list[str]
    operating: list[int]
    terms: int
    numbers: bytes


@dataclass(frozen=True, eq=False)
class Expectation:
    """Expected values of K signals from O operating signals by B = 1 + O + O(O+1)/2 terms.

    `paths` are the profile's signals; `operating` their positions among them. `centre`, `scale`
    [K] come from the profile. `inputs` [4, O]: mean, standard deviation, lowest and highest
    (standardised) value of each operating signal in the fit. `coefficients` [B, K] and `sd` [K]
    are in units of `scale`; B = 0 expects the centre.
    """

    profile: str
    paths: tuple[str, ...]
    operating: tuple[int, ...]
    centre: Floats
    scale: Floats
    inputs: Floats
    coefficients: Floats
    sd: Floats

    @classmethod
    def neutral(cls, profile: Profile) -> "Expectation":
        """No model: every signal is expected at its centre, give or take its scale."""
        paths, operating, centre, scale = _columns(profile)
        count = len(paths)
        return cls(
            profile.name,
            paths,
            operating,
            centre,
            scale,
            np.zeros((4, len(operating)), np.float32),
            np.zeros((0, count), np.float32),
            np.ones(count, np.float32),
        )

    @cached_property
    def id(self) -> str:
        """12 hex digits of the SHA-256 of the content."""
        return hashlib.sha256(self.to_bytes()).hexdigest()[:12]

    @cached_property
    def band(self) -> Floats:
        """Healthy standard deviation [K] in the signals' units (operating signals: the scale)."""
        return self.scale * self.sd

    def expected(self, means: Floats) -> Floats:
        """What the signals [n, K] should be, in their units, given the operating ones among them.

        A missing operating signal counts as its mean; beyond the fitted range the nearest fitted
        value counts. Operating signals are expected at their centre.
        """
        return self._scaled(means) * self.scale + self.centre

    def residuals(self, means: Floats) -> Floats:
        """`(means - expected) / healthy sd` [n, K]; operating signals `(x - centre) / scale`.

        A row's result depends on that row alone, to the bit: every step is elementwise (a BLAS
        product rounds differently with the number of rows).
        """
        distance = (means - self.centre) / self.scale
        if len(self.coefficients):
            distance -= self._scaled(means)
        distance /= self.sd
        return distance

    def _scaled(self, means: Floats) -> Floats:
        found = np.zeros(means.shape, np.float32)
        if not len(self.coefficients):
            return found
        columns = np.ascontiguousarray(self.coefficients[:, :, None])
        for start in range(0, len(means), _CHUNK):
            part = means[start : start + _CHUNK]
            total = np.zeros((means.shape[1], len(part)), np.float32)
            term = np.empty_like(total)
            for column, basis in zip(columns, _basis(self._inputs_of(part)), strict=True):
                np.multiply(column, basis, out=term)
                total += term
            found[start : start + _CHUNK] = total.T
        return found

    def _inputs_of(self, means: Floats) -> Floats:
        mean, sd, low, high = self.inputs[:, :, None]
        raw = np.ascontiguousarray(means[:, list(self.operating)].T)
        values: Floats = (raw - mean) / sd
        np.nan_to_num(values, copy=False, nan=0.0)
        np.clip(values, low, high, out=values)
        return values

    def to_bytes(self) -> bytes:
        """The content, the same for the same numbers."""
        parts = (self.centre, self.scale, self.inputs, self.coefficients, self.sd)
        numbers = b"".join(np.ascontiguousarray(part, "<f4").tobytes() for part in parts)
        stored = _Stored(
            self.profile,
            list(self.paths),
            list(self.operating),
            len(self.coefficients),
            numbers,
        )
        return msgspec.msgpack.encode(stored)

    @classmethod
    def from_bytes(cls, payload: bytes) -> "Expectation":
        """The inverse of `to_bytes`. Raises ModelError."""
        try:
            stored = msgspec.msgpack.decode(payload, type=_Stored)
            signals, inputs = len(stored.paths), len(stored.operating)
            shapes = [(signals,), (signals,), (4, inputs), (stored.terms, signals), (signals,)]
            numbers = np.frombuffer(stored.numbers, "<f4").astype(np.float32)
            if numbers.size != sum(int(np.prod(shape)) for shape in shapes):
                raise ValueError("wrong number of coefficients")  # noqa: TRY301
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            raise ModelError(f"the expectation is damaged ({error}); train it again") from error
        parts = []
        for shape in shapes:
            size = int(np.prod(shape))
            parts.append(numbers[:size].reshape(shape))
            numbers = numbers[size:]
        return cls(stored.profile, tuple(stored.paths), tuple(stored.operating), *parts)


def fit_expectation(profile: Profile, means: Floats) -> Expectation:
    """The expectation of healthy frames' `means` [n, K] (NaN = missing).

    Without operating signals a signal is expected at its healthy mean; with fewer than `MIN_ROWS`
    values it keeps the neutral expectation.
    """
    paths, operating, centre, scale = _columns(profile)
    scaled = ((means - centre) / scale).astype(np.float64)
    inputs = _fit_inputs(means[:, list(operating)].astype(np.float64))
    shape = (1 + len(operating) * (len(operating) + 3) // 2, len(paths))
    draft = replace(Expectation.neutral(profile), inputs=inputs)
    basis = np.stack(_basis(draft._inputs_of(means))).T.astype(np.float64)  # noqa: SLF001
    coefficients = np.zeros(shape)
    sd = np.ones(shape[1])
    for index in set(range(shape[1])) - set(operating):
        rows = np.isfinite(scaled[:, index])
        if rows.sum() >= MIN_ROWS:
            coefficients[:, index], sd[index] = _ridge(basis[rows], scaled[rows, index])
    sd = np.maximum(sd, SD_FLOOR)
    return replace(draft, coefficients=coefficients.astype(np.float32), sd=sd.astype(np.float32))


def _columns(profile: Profile) -> tuple[tuple[str, ...], tuple[int, ...], Floats, Floats]:
    signals = profile.signals
    return (
        tuple(signal.path for signal in signals),
        tuple(index for index, signal in enumerate(signals) if signal.operating),
        np.array([signal.centre for signal in signals], np.float32),
        np.array([signal.scale for signal in signals], np.float32),
    )


def _fit_inputs(values: Doubles) -> Floats:
    """Mean, standard deviation and standardised range [4, O], robust to single wild values."""
    found = np.zeros((4, values.shape[1]))
    found[1] = 1.0
    for index, column in enumerate(values.T):
        known = column[np.isfinite(column)]
        if known.size:
            mean, sd = known.mean(), max(float(known.std()), 1e-9)
            low, high = (np.quantile(known, (0.001, 0.999)) - mean) / sd
            found[:, index] = mean, sd, low, high
    return found.astype(np.float32)


def _basis(inputs: Floats) -> list[Floats]:
    """The terms 1, o_i, o_i o_j, each [n], of the operating signals [O, n]."""
    pairs = combinations_with_replacement(range(len(inputs)), 2)
    one = np.ones(inputs.shape[1], np.float32)
    return [one, *inputs, *(inputs[i] * inputs[j] for i, j in pairs)]


def _ridge(basis: Doubles, target: Doubles) -> tuple[npt.NDArray[np.floating], float]:
    """Coefficients and residual sd; fitted twice, the second time without outliers."""
    rows = np.ones(len(target), np.bool_)
    penalty = RIDGE * np.eye(basis.shape[1])
    penalty[0, 0] = 1e-9
    for _ in range(2):
        part, wanted = basis[rows], target[rows]
        normal = part.T @ part / len(part) + penalty
        found = np.linalg.solve(normal, part.T @ wanted / len(part))
        sd = float((wanted - part @ found).std())
        distance = np.abs(target - basis @ found)
        keep = distance <= _OUTLIER * max(sd, SD_FLOOR)
        rows = keep if keep.sum() >= MIN_ROWS // 2 else rows
    return found, sd
