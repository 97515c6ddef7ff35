"""Machines of Microsoft's predictive-maintenance sample: five CSV tables in one folder.

Telemetry becomes frames of one sample, errors fault codes, maintenance replacements, failures
failures, and the list of machines registrations. The four small tables are held in memory;
telemetry is streamed, and before each of its rows come that machine's events up to its time. What
happens at one time stands in the order of `_TABLES`.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from contracts.records import EventKind, Frame, VehicleEvent
from ingest.adapters.cells import RowError, numbers, ordinal, shown, text_of, utc_ms
from ingest.adapters.columns import Column, Columns
from ingest.adapters.files import has_suffix, log_files
from ingest.adapters.lines import Line, first_line, read_lines
from ingest.adapters.reading import Item, ReadOptions, Unreadable

PROFILE: Final = "machine"
_COLUMNS: Final = Columns(
    [
        Column("volt", "Machine.Voltage"),
        Column("rotate", "Machine.RotationSpeed"),
        Column("pressure", "Machine.Pressure"),
        Column("vibration", "Machine.Vibration"),
    ]
)
_SENSORS: Final = tuple(column.name for column in _COLUMNS.columns)
_TELEMETRY: Final = ("datetime", "machineID", *_SENSORS)
_MACHINES: Final = ("machineID", "model", "age")
_TABLES: Final[dict[tuple[str, ...], EventKind]] = {
    ("datetime", "machineID", "errorID"): "fault_code",
    ("datetime", "machineID", "failure"): "failure",
    ("datetime", "machineID", "comp"): "replacement",
}
_KINDS: Final = tuple(_TABLES.values())
_PACK: Final = struct.Struct(f"<{len(_SENSORS)}f").pack
_OFFSET: Final = bytes(2)
_MAX_CODE: Final = 64
belongs = has_suffix(".csv")


def fits(path: Path) -> bool:
    """Whether a file is one of the five tables, by its header."""
    return _header(first_line(path)) in {_TELEMETRY, _MACHINES, *_TABLES}


def read(path: Path, options: ReadOptions) -> Iterator[Item]:
    """Records of machines `machine-1` ... from the folder's tables, or from one table."""
    tables = [(file, _header(first_line(file))) for file in log_files(path, belongs)]
    events = _Events(options)
    for file, header in tables:
        if header != _TELEMETRY:
            yield from events.load(file, header)
    for file, header in tables:
        if header == _TELEMETRY:
            yield from _telemetry(file, options, events)
    yield from events.rest()


def _header(line: Line | Unreadable) -> tuple[str, ...]:
    raw = line.raw if isinstance(line, Line) else b""
    text = raw.decode("utf-8-sig", "replace")
    return tuple(cell.strip().strip('"') for cell in text.split(","))


def _rows(file: Path, options: ReadOptions, width: int) -> Iterator[tuple[Line, list[str] | Item]]:
    """Lines below the header with their cells, or with what is wrong with them."""
    for line in read_lines(file, options):
        if isinstance(line, Unreadable):
            yield Line(line.line, line.payload), line
        elif line.number > 1:
            try:
                cells = [cell.strip().strip('"') for cell in text_of(line.raw).split(",")]
                if len(cells) != width:
                    raise RowError(f"{len(cells)} columns; the header has {width}")  # noqa: TRY301
                yield line, cells
            except RowError as error:
                yield line, Unreadable(file.name, line.number, str(error), line.raw)


@dataclass
class _Machine:
    """What is known of a machine and not yet sent; `model` is its row in the list of machines."""

    events: list[VehicleEvent] = field(default_factory=list)
    seen: set[tuple[int, str, str]] = field(default_factory=set)
    model: dict[str, str] = field(default_factory=dict)
    place: tuple[str, Line] = ("", Line(0, b""))
    sent: int = 0
    newest_ms: int = 0


class _Events:
    """The small tables, by machine."""

    def __init__(self, options: ReadOptions) -> None:
        self.options = options
        self.machines: dict[int, _Machine] = {}

    def of(self, machine: int) -> _Machine:
        return self.machines.setdefault(machine, _Machine())

    def load(self, file: Path, header: tuple[str, ...]) -> Iterator[Item]:
        """Take a table in; what can't be read of it comes out."""
        if header != _MACHINES and header not in _TABLES:
            line = first_line(file)
            if isinstance(line, Unreadable):
                yield replace(line, last=True)
                return
            known = "; ".join(",".join(columns) for columns in (_TELEMETRY, _MACHINES, *_TABLES))
            detail = (
                f"no table of machines has these columns, so the file is left out; known: {known}"
            )
            yield Unreadable(file.name, 1, detail, line.raw, last=True)
            return
        for line, cells in _rows(file, self.options, len(header)):
            if not isinstance(cells, list):
                yield cells
                continue
            try:
                if header == _MACHINES:
                    self._register(file, line, cells)
                else:
                    self._add(_TABLES[header], cells)
            except RowError as error:
                yield Unreadable(file.name, line.number, str(error), line.raw)
        for machine in self.machines.values():
            machine.events.sort(key=lambda event: (event.time_ms, _KINDS.index(event.kind)))

    def before(self, number: int, time_ms: int) -> Iterator[VehicleEvent]:
        """Events of a machine up to a time that weren't sent yet."""
        machine = self.of(number)
        first = min([time_ms, *(event.time_ms for event in machine.events[:1])])
        if machine.model:
            yield self._event(number, first, "registration", "", machine.model)
            machine.model = {}
        while machine.sent < len(machine.events):
            event = machine.events[machine.sent]
            if event.time_ms > time_ms:
                return
            machine.sent += 1
            yield event

    def rest(self) -> Iterator[Item]:
        """Everything that wasn't sent."""
        for number, machine in self.machines.items():
            if machine.events:
                yield from self.before(number, machine.events[-1].time_ms)
            elif machine.model:
                file, line = machine.place
                detail = f"no other table says when machine {number} was there"
                yield Unreadable(file, line.number, detail, line.raw)

    def _add(self, kind: EventKind, cells: list[str]) -> None:
        time_ms, number = utc_ms(cells[0], "datetime"), ordinal(cells[1], "machineID")
        code, machine = cells[2], self.of(number)
        if not 0 < len(code) <= _MAX_CODE or not code.isprintable():
            raise RowError(
                f"the code is {shown(code)}; it has 1 to {_MAX_CODE} printable characters"
            )
        if (time_ms, kind, code) in machine.seen:
            raise RowError(f"machine {number} has {kind} {code} twice at this time")
        machine.seen.add((time_ms, kind, code))
        machine.events.append(self._event(number, time_ms, kind, code, {}))

    def _register(self, file: Path, line: Line, cells: list[str]) -> None:
        number, age = ordinal(cells[0], "machineID"), numbers(cells[2:], ["age"])[0]
        machine = self.of(number)
        if machine.model:
            raise RowError(f"machine {number} is listed twice")
        machine.model = {"model": cells[1][:_MAX_CODE], "age_years": f"{age:g}"}
        machine.place = (file.name, line)

    def _event(
        self, number: int, time_ms: int, kind: EventKind, code: str, detail: dict[str, str]
    ) -> VehicleEvent:
        tenant, profile = self.options.tenant, self.options.profile or PROFILE
        return VehicleEvent(tenant, profile, vehicle(number), time_ms, kind, code, detail)


def vehicle(number: int) -> str:
    """The vehicle id of a machine."""
    return f"machine-{number}"


def _telemetry(file: Path, options: ReadOptions, events: _Events) -> Iterator[Item]:
    for line, cells in _rows(file, options, len(_TELEMETRY)):
        if not isinstance(cells, list):
            yield cells
            continue
        try:
            time_ms, number = utc_ms(cells[0], "datetime"), ordinal(cells[1], "machineID")
            samples = _PACK(*_COLUMNS.convert(numbers(cells[2:], _SENSORS)))
            machine = events.of(number)
            if time_ms <= machine.newest_ms:
                raise RowError(f"machine {number} has a row of this time or later above")  # noqa: TRY301
        except RowError as error:
            yield Unreadable(file.name, line.number, str(error), line.raw)
            continue
        machine.newest_ms = time_ms
        yield from events.before(number, time_ms)
        profile, seq = options.profile or PROFILE, time_ms // 1_000
        blobs = (_COLUMNS.ids, _OFFSET, samples)
        yield Frame(options.tenant, profile, vehicle(number), seq, time_ms, *blobs)
