"""JSON messages of a topic into columns; what makes no sense becomes a dead letter."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from contracts.batches import Flags, Ints
from contracts.dead_letters import DeadLetter, Reason
from contracts.errors import DataError
from ingest.samples.columns import MAX_ID, Columns, Vehicles
from ingest.samples.mapping import Layout, TopicMapping

EARLIEST_MS: Final = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp() * 1000)
LATEST_MS: Final = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000)
# Seconds, milliseconds, microseconds and nanoseconds of these hundred years don't overlap.
_SCALES: Final = ((1e11, 1e3), (1e14, 1.0), (1e17, 1e-3), (math.inf, 1e-6))
_Time = int | float | str | None
_READ = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, OverflowError)


class Message(Protocol):
    """A message of the log."""

    @property
    def value(self) -> bytes | None:
        """Its JSON."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def partition(self) -> int:
        """Where it stands."""

    @property
    def timestamp(self) -> int:
        """The broker's or the sender's time, Unix ms."""


class Decoder:
    """Decodes messages of one topic."""

    def __init__(self, mapping: TopicMapping, layout: Layout) -> None:
        self._mapping, self._layout = mapping, layout
        self._flat = mapping.form == "flat"
        self._names = list(layout.column) if self._flat else []
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(self._struct()).decode

    def columns(
        self, messages: Sequence[Message], vehicles: Vehicles
    ) -> tuple[Columns, list[DeadLetter]]:
        """The samples of these messages, and what was refused."""
        letters: list[DeadLetter] = []
        try:
            found = [self._decode(message.value) for message in messages]  # type: ignore[arg-type]
            kept, time_ms = messages, _times([one.t or one.u for one in found])
        except (*_READ, TypeError):
            # Among them is a bad one: look at each.
            kept, found, time_ms = self._one_by_one(messages, letters)
        vehicle = np.array([vehicles[one.v] for one in found], np.int64)
        read = self._read_flat if self._flat else self._read_long
        return read(kept, found, vehicle, time_ms, letters), letters

    def _struct(self) -> type[msgspec.Struct]:
        """Fields v, t, u (the other name of time), then s and x, or a column each."""
        fields = self._mapping.fields
        rename = {"v": fields.vehicle, "t": fields.time or "ts"}
        # Where the time has one name only, nothing can be called by the other.
        rename["u"] = f"{fields.time}, by no other name" if fields.time else "time"
        parts: list[Any] = [("v", str), ("t", _Time, None), ("u", _Time, None)]
        if self._flat:
            parts += [(f"c{at}", float | None, None) for at in range(len(self._names))]
            rename |= {f"c{at}": name for at, name in enumerate(self._names)}
        else:
            parts += [("s", str, ""), ("x", float | None, None)]
            rename |= {"s": fields.signal, "x": fields.value}
        try:
            return msgspec.defstruct("Sample", parts, rename=rename, gc=False)
        except ValueError as error:
            raise DataError(f"topic {self._mapping.name}: {error}; give each a name") from None

    def _one_by_one(
        self, messages: Sequence[Message], letters: list[DeadLetter]
    ) -> tuple[list[Message], list[Any], Ints]:
        kept, found, times = [], [], []
        for message in messages:
            try:
                one = self._decode(message.value or b"")
            except msgspec.ValidationError as error:
                letters.append(self._letter(message, "unknown_schema", str(error)))
                continue
            except _READ as error:
                letters.append(self._letter(message, "undecodable", str(error)))
                continue
            try:
                times.append(int(_times([one.t or one.u])[0]))
            except (ValueError, TypeError, OverflowError) as error:
                letters.append(self._letter(message, "absurd_time", str(error)))
                continue
            kept.append(message)
            found.append(one)
        return kept, found, np.array(times, np.int64)

    def _read_long(
        self,
        messages: Sequence[Message],
        found: Sequence[Any],
        vehicle: Ints,
        time_ms: Ints,
        letters: list[DeadLetter],
    ) -> Columns:
        column = self._layout.column
        signal = np.array([column.get(one.s, -1) for one in found], np.int64)
        value = np.array([one.x for one in found], np.float64)
        rows = np.arange(len(found))
        unknown = signal < 0
        for at in np.flatnonzero(unknown).tolist():
            detail = (
                f"{self._mapping.fields.signal} {found[at].s[:100]!r} is no signal of the mapping"
            )
            letters.append(self._letter(messages[at], "unknown_signal", detail))
        return self._checked(messages, (rows, vehicle, time_ms, signal, value), ~unknown, letters)

    def _read_flat(
        self,
        messages: Sequence[Message],
        found: Sequence[Any],
        vehicle: Ints,
        time_ms: Ints,
        letters: list[DeadLetter],
    ) -> Columns:
        rows = [msgspec.structs.astuple(one)[3:] for one in found]
        width = len(self._names)
        matrix = np.array(rows, np.float64).reshape(len(found), width)
        row, at = np.nonzero(~np.isnan(matrix))
        columns = np.array([self._layout.column[name] for name in self._names], np.int64)
        given = (row, vehicle[row], time_ms[row], columns[at], matrix[row, at])
        empty = np.setdiff1d(np.arange(len(found)), row)
        for place in empty.tolist():
            detail = "no field of the message is a signal of the mapping"
            letters.append(self._letter(messages[place], "unknown_signal", detail))
        return self._checked(messages, given, np.ones(len(row), bool), letters)

    def _checked(
        self,
        messages: Sequence[Message],
        given: tuple[npt.NDArray[Any], ...],
        good: Flags,
        letters: list[DeadLetter],
    ) -> Columns:
        row, vehicle, time_ms, signal, raw = given
        how = self._layout
        with np.errstate(all="ignore"):
            value = raw * how.factor[signal] + how.offset[signal]
        refused = (
            ("bad_vehicle", vehicle < 0),
            ("absurd_time", (time_ms < EARLIEST_MS) | (time_ms >= LATEST_MS)),
            ("bad_value", (value < how.low[signal]) | (value > how.high[signal])),
        )
        for reason, wrong in refused:
            bad = np.flatnonzero(wrong & good)
            for at in bad.tolist():
                said = self._say(reason, int(time_ms[at]), int(signal[at]), float(value[at]))
                letters.append(self._letter(messages[row[at]], reason, said))  # type: ignore[arg-type]
            good &= ~wrong
        good &= ~np.isnan(value)
        return Columns(vehicle[good], time_ms[good], signal[good], value[good].astype(np.float32))

    def _say(self, reason: str, time_ms: int, signal: int, value: float) -> str:
        if reason == "bad_vehicle":
            return f"{self._mapping.fields.vehicle}: give 1 to {MAX_ID} printable characters"
        if reason == "absurd_time":
            return f"time {time_ms} ms is not between the years 2000 and 2100"
        spec = self._layout.signals[signal]
        return f"{spec.path} is {value:g} {spec.unit}; possible is {spec.low:g} to {spec.high:g}"

    def _letter(self, message: Message, reason: Reason, detail: str) -> DeadLetter:
        payload = message.value or b""
        return DeadLetter(
            reason,
            detail,
            self._mapping.name,
            message.partition,
            message.offset,
            message.timestamp,
            payload,
        )


def _times(given: Sequence[_Time]) -> Ints:
    """Unix ms of times as numbers (seconds to nanoseconds, told apart by their size) or as ISO 8601
    with a zone. Raises ValueError, TypeError, OverflowError.
    """
    try:
        numbers = np.array(given, np.float64)
    except ValueError:
        numbers = np.array([_iso_ms(one) if isinstance(one, str) else one for one in given], float)
    if not np.isfinite(numbers).all():
        raise ValueError("a message without a time")
    scale = np.select([np.abs(numbers) < top for top, _ in _SCALES], [by for _, by in _SCALES])
    with np.errstate(all="ignore"):
        found: Ints = np.floor(np.clip(numbers * scale, -9e18, 9e18)).astype(np.int64)
    return found


def _iso_ms(text: str) -> float:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"time {text[:40]!r} has no zone; end it with Z or +01:00")
    return moment.timestamp() * 1_000
