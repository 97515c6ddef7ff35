"""OBD-II logs of a phone app as KIT published them: a time of day and ten values a row.

The app asks for one value after the other, so each row has one new value and repeats the others;
before a value came for the first time its cell is empty. The date stands in the file's name
(`2017-07-05_...`); times count as UTC. Units stand in the header.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from contracts.catalogue import signal_at
from contracts.errors import DataError
from ingest.adapters.cells import RowError, shown, sparse_numbers, text_of
from ingest.adapters.columns import Column, Columns
from ingest.adapters.files import has_suffix, log_files
from ingest.adapters.framer import Framer
from ingest.adapters.lines import Line, first_line, read_lines
from ingest.adapters.reading import UNDATED_MS, Item, ReadOptions, Unreadable
from ingest.units import converter

PROFILE: Final = "car-combustion"
VEHICLE: Final = "seat-leon"
DAY_MS: Final = 86_400_000
_ENGINE: Final = "Powertrain.CombustionEngine."
_PATHS: Final = {
    "Engine Coolant Temperature": f"{_ENGINE}EngineCoolant.Temperature",
    "Intake Manifold Absolute Pressure": f"{_ENGINE}MAP",
    "Engine RPM": f"{_ENGINE}Speed",
    "Vehicle Speed Sensor": "Speed",
    "Intake Air Temperature": f"{_ENGINE}IntakeAirTemperature",
    "Air Flow Rate from Mass Flow Sensor": f"{_ENGINE}MAF",
    "Absolute Throttle Position": f"{_ENGINE}TPS",
    "Ambient Air Temperature": "Exterior.AirTemperature",
    "Accelerator Pedal Position D": "Chassis.Accelerator.PedalPosition",
    "Accelerator Pedal Position E": "",
}
"""Signals by column; "" has none (a second sensor of the same pedal)."""
_HEADER: Final = re.compile(r"(?P<name>[^\[]*?)\s*\[(?P<unit>[^\]]*)\]")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_MIDNIGHT_MS: Final = DAY_MS // 2
"""A time of day that falls by more than this has passed midnight."""
belongs = has_suffix(".csv")


def fits(path: Path) -> bool:
    """Whether a file is such a log, by its header."""
    line = first_line(path)
    return isinstance(line, Line) and line.raw.startswith((b"Time,", b"\xef\xbb\xbfTime,"))


def read(path: Path, options: ReadOptions) -> Iterator[Item]:
    """Frames of one car from the file or the folder's files."""
    for day, file in enumerate(log_files(path, belongs)):
        yield from _drive(file, options, _day_ms(file, UNDATED_MS + day * DAY_MS))


def _day_ms(file: Path, otherwise: int) -> int:
    """Midnight of the date in the file's name."""
    match = _DATE.match(file.name)
    try:
        found = date.fromisoformat(match[0]) if match else None
    except ValueError:
        found = None
    if found is None or not 2000 <= found.year < 2100:
        return otherwise
    return round(datetime.combine(found, time(), UTC).timestamp() * 1_000)


def _drive(file: Path, options: ReadOptions, day_ms: int) -> Iterator[Item]:
    log: _Log | None = None
    for line in read_lines(file, options):
        if isinstance(line, Unreadable):
            yield replace(line, last=line.last or log is None)
            if log is None:
                return
            continue
        try:
            if log is None:
                log = _Log(text_of(line.raw), options, day_ms)
            else:
                yield from log.row(text_of(line.raw))
        except RowError as error:
            yield Unreadable(file.name, line.number, str(error), line.raw, last=log is None)
            if log is None:
                return
    if log is not None:
        yield from log.framer.flush()


class _Log:
    """One file on its way through. Raises RowError for a header that isn't known."""

    def __init__(self, header: str, options: ReadOptions, day_ms: int) -> None:
        first, *cells = [cell.strip() for cell in header.removeprefix("\ufeff").split(",")]
        names = [_HEADER.fullmatch(cell) for cell in cells]
        strange = [
            cell
            for cell, name in zip(cells, names, strict=True)
            if not name or name["name"] not in _PATHS
        ]
        if first != "Time" or strange or len(set(cells)) != len(cells) or not cells:
            raise RowError(f"columns that this format doesn't have: {strange[:5]}; file left out")
        self.names = cells
        found = [_column(match["name"], match["unit"]) for match in names if match]
        self.used = [place for place, column in enumerate(found) if column]
        self.columns = Columns([column for column in found if column])
        whose = (options.tenant, options.profile or PROFILE, options.vehicle or VEHICLE)
        self.framer = Framer(*whose, self.columns.ids)
        self.day_ms, self.newest_ms = day_ms, 0

    def row(self, text: str) -> Iterator[Item]:
        """Take a row; the frame that it closes, if any. Raises RowError."""
        cells = text.split(",")
        if len(cells) != 1 + len(self.names):
            raise RowError(f"{len(cells)} columns; the header has {1 + len(self.names)}")
        time_ms = self.day_ms + _clock_ms(cells[0])
        if time_ms < self.newest_ms - _MIDNIGHT_MS:
            self.day_ms += DAY_MS
            time_ms += DAY_MS
        values = sparse_numbers(cells[1:], self.names)
        chosen = [values[place] for place in self.used]
        closed = self.framer.add(time_ms, self.columns.convert(chosen))
        self.newest_ms = time_ms
        return closed


def _column(name: str, unit: str) -> Column | None:
    path = _PATHS[name]
    if not path:
        return None
    try:
        return Column(name, path, converter(unit, signal_at(path).unit))
    except DataError as error:
        raise RowError(f"column {name}: {error}; file left out") from None


def _clock_ms(cell: str) -> int:
    """`07:16:30.444` -> milliseconds since midnight. Raises RowError."""
    try:
        found = time.fromisoformat(cell.strip())
    except ValueError:
        raise RowError(f"Time is {shown(cell)}, which is no time of day") from None
    since = timedelta(hours=found.hour, minutes=found.minute, seconds=found.second)
    return round(since.total_seconds() * 1_000) + found.microsecond // 1_000
