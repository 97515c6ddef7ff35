"""Our own Parquet: a row is a sample of any of a vehicle's signals, or something that happened.

Columns: `vehicle_id` (text), `time` (timestamp, UTC where it has no zone), any number of signals
named by their VSS path in the catalogue's unit (null or NaN = missing), and if wanted `profile`,
`kind` and `code` (text). A row with a `kind` is an event. A vehicle's rows stand in order of time;
vehicles may be mixed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.batches import Doubles, Flags
from contracts.catalogue import catalogue
from contracts.records import EventKind, VehicleEvent
from ingest.adapters.cells import RowError, check_time_ms
from ingest.adapters.columns import Column, Columns
from ingest.adapters.files import has_suffix, log_files
from ingest.adapters.framer import Framer
from ingest.adapters.reading import Item, ReadOptions, Unreadable

_KEYS: Final = ("vehicle_id", "time")
_TEXTS: Final = ("profile", "kind", "code")
_ROWS: Final = 4_096
_OPEN: Final = 10_000
"""Vehicles with an open frame at most."""
_MAGIC: Final = b"PAR1"
_HEAD: Final = 1_024
"""Bytes of a file that can't be read which its dead letter shows."""
belongs = has_suffix(".parquet")


def fits(path: Path) -> bool:
    """Whether a file is Parquet."""
    return _head(path)[: len(_MAGIC)] == _MAGIC


def read(path: Path, options: ReadOptions) -> Iterator[Item]:
    """Frames and events of the file's or the folder's vehicles."""
    for file in log_files(path, belongs):
        size = file.stat().st_size
        told = 0
        log = _Log(file, options)
        try:
            for part, share in log.parts():
                yield from part
                options.on_bytes(int(share * size) - told)
                told = int(share * size)
        except (pa.ArrowException, OSError, ValueError) as error:
            detail = f"the file can't be read (on): {error}"
            yield Unreadable(file.name, log.line + 1, detail, _head(file), last=True)
        yield from log.rest()


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(_HEAD)
    except OSError:
        return b""


@dataclass(frozen=True)
class _Batch:
    """Rows: texts by column, times [n] in ms (None = null), values [n, signals] (NaN = null)."""

    texts: dict[str, list[Any]]
    times: list[Any]
    values: Doubles
    possible: Flags

    def row(self, index: int) -> dict[str, Any]:
        """The row as its dead letter shows it."""
        texts = {name: column[index] for name, column in self.texts.items()}
        return texts | {"time_ms": self.times[index], "signals": self.values[index].tolist()}


class _Log:
    """One file on its way through. `line` is the row that was read last."""

    def __init__(self, file: Path, options: ReadOptions) -> None:
        self.file, self.options = file, options
        self.line = 0
        self._framers: dict[tuple[str, str], Framer] = {}
        self._columns = Columns([])

    def parts(self) -> Iterator[tuple[list[Item], float]]:
        """Items by batch, and what share of the rows is done. Raises RowError, ArrowException."""
        with pq.ParquetFile(self.file) as source:
            paths = _signals(source.schema_arrow)
            self._columns = Columns([Column(path, path) for path in paths])
            total = max(1, source.metadata.num_rows)
            for part in source.iter_batches(_ROWS):
                batch = self._batch(part, paths)
                found = [item for index in range(part.num_rows) for item in self._row(batch, index)]
                yield found, self.line / total
        if not self.line:
            raise RowError("it has no rows")

    def rest(self) -> Iterator[Item]:
        """The frames that are open."""
        for framer in self._framers.values():
            yield from framer.flush()

    def _batch(self, part: Any, paths: list[str]) -> _Batch:  # noqa: ANN401 (pyarrow has no stubs)
        texts = {
            name: part.column(name).to_pylist()
            for name in ("vehicle_id", *_TEXTS)
            if name in part.schema.names
        }
        zone = part.column("time").type.tz
        moments = part.column("time").cast(pa.timestamp("ms", zone), safe=False)
        values = np.full((part.num_rows, len(paths)), np.nan)
        for place, path in enumerate(paths):
            values[:, place] = part.column(path).cast(pa.float64()).to_numpy(zero_copy_only=False)
        low, high = self._columns.limits
        possible = np.all(~((values < low) | (values > high)), axis=1)
        return _Batch(texts, moments.cast(pa.int64()).to_pylist(), values, possible)

    def _row(self, batch: _Batch, index: int) -> Iterator[Item]:
        self.line += 1
        try:
            found = self._items(batch, index)
        except RowError as error:
            payload = msgspec.json.encode(batch.row(index))
            yield Unreadable(self.file.name, self.line, str(error), payload)
        else:
            yield from found

    def _items(self, batch: _Batch, index: int) -> list[Item]:
        texts = {name: column[index] for name, column in batch.texts.items()}
        vehicle, time_ms = texts["vehicle_id"], batch.times[index]
        if not vehicle or time_ms is None:
            raise RowError("vehicle_id or time is empty")
        check_time_ms(time_ms)
        profile = texts.get("profile") or self.options.profile
        if not profile:
            raise RowError("no profile in the row; name one by --profile")
        framer = self._framers.get((profile, vehicle))
        if texts.get("kind"):
            event = self._event(profile, vehicle, time_ms, batch, index)
            return [*(framer.flush() if framer else ()), event]
        values = batch.values[index].tolist()
        if not batch.possible[index]:
            self._columns.convert(values)
        if framer:
            return list(framer.add(time_ms, values))
        framer = Framer(self.options.tenant, profile, vehicle, self._columns.ids)
        found: list[Item] = [*framer.add(time_ms, values), *self._make_room()]
        self._framers[profile, vehicle] = framer
        return found

    def _event(
        self, profile: str, vehicle: str, time_ms: int, batch: _Batch, index: int
    ) -> VehicleEvent:
        kind = batch.texts["kind"][index]
        code = batch.texts["code"][index] or "" if "code" in batch.texts else ""
        if kind not in get_args(EventKind):
            raise RowError(f"kind is {kind[:40]!r}; there are {', '.join(get_args(EventKind))}")
        if np.isfinite(batch.values[index]).any():
            raise RowError("a row with a kind is an event; its signals belong into another row")
        return VehicleEvent(self.options.tenant, profile, vehicle, time_ms, kind, code)

    def _make_room(self) -> Iterator[Item]:
        if len(self._framers) >= _OPEN:
            oldest = next(iter(self._framers))
            yield from self._framers.pop(oldest).flush()


def _signals(schema: Any) -> list[str]:  # noqa: ANN401 (pyarrow has no stubs)
    """The signal columns of a schema. Raises RowError for one that isn't ours."""
    types = dict(zip(schema.names, schema.types, strict=True))
    missing = [name for name in _KEYS if name not in types]
    if missing:
        raise RowError(f"column {' and '.join(missing)} is missing")
    wrong = [name for name in ("vehicle_id", *_TEXTS) if name in types and not _text(types[name])]
    wrong += ["time"] if not pa.types.is_timestamp(types["time"]) else []
    paths = [name for name in schema.names if name not in {*_KEYS, *_TEXTS}]
    strange = [path for path in paths if path not in catalogue()]
    wrong += [path for path in paths if path in catalogue() and not _numeric(types[path])]
    if strange:
        listed = ", ".join(strange[:5])
        raise RowError(f"column {listed} is no signal of contracts/catalogue.toml")
    if wrong:
        listed = ", ".join(f"{name} ({types[name]})" for name in wrong[:5])
        raise RowError(f"{listed}: signals are numbers, time is a timestamp, the rest is text")
    return paths


def _text(kind: Any) -> bool:  # noqa: ANN401
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(plain) or pa.types.is_large_string(plain))


def _numeric(kind: Any) -> bool:  # noqa: ANN401
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))
