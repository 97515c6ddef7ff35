"""NASA's C-MAPSS turbofan runs: 26 numbers a row, one row a cycle.

`train_*` runs to failure, so each unit's last cycle is followed by a failure event at its time
(RUL 0 there, as the data's own RUL files count); `test_*` is cut before. `RUL_*` isn't read. A
cycle is a frame of one sample and one hour of event time; every unit begins at `UNDATED_MS`.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from contracts.records import Frame, Record, VehicleEvent
from ingest.adapters.cells import RowError, numbers, ordinal, text_of
from ingest.adapters.columns import Column, Columns
from ingest.adapters.files import log_files, stem
from ingest.adapters.lines import Line, first_line, read_lines
from ingest.adapters.reading import UNDATED_MS, Item, ReadOptions, Unreadable

PROFILE: Final = "turbofan"
MODE: Final = "degradation"
CYCLE_MS: Final = 3_600_000
_NAME = re.compile(r"(train|test)_([A-Za-z0-9]+)")
# fmt: off
_SIGNALS: Final = (
    "Altitude", "Mach", "ThrottleResolver", "T2", "T24", "T30", "T50", "P2",
    "P15", "P30", "Nf", "Nc", "epr", "Ps30", "phi", "NRf",
    "NRc", "BPR", "farB", "htBleed", "Nf_dmd", "PCNfR_dmd", "W31", "W32",
)
# fmt: on
"""What the columns after unit and cycle are, in their order (Saxena et al. 2008, table 2)."""
_COLUMNS: Final = Columns([Column(name, f"Turbofan.{name}") for name in _SIGNALS])
_PACK: Final = struct.Struct(f"<{len(_SIGNALS)}f").pack
_OFFSET: Final = bytes(2)


def belongs(path: Path) -> bool:
    """Whether a file's name is that of a run."""
    return bool(_NAME.fullmatch(stem(path)))


def fits(path: Path) -> bool:
    """Whether a file is one of ours: by its name and its first row."""
    line = first_line(path)
    cells = line.raw.split() if isinstance(line, Line) else []
    return belongs(path) and len(cells) == 2 + len(_SIGNALS)


def read(path: Path, options: ReadOptions) -> Iterator[Item]:
    """Frames `FD001-train-001` ... and failures of the file or of the folder's files."""
    for file in log_files(path, belongs):
        yield from _File(file, options).items()


@dataclass
class _File:
    """One file on its way through: the unit that is open, its last cycle, and the closed ones."""

    path: Path
    options: ReadOptions
    unit: int = 0
    cycle: int = 0
    closed: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        match = _NAME.fullmatch(stem(self.path))
        self.kind, self.subset = match.groups() if match else ("test", stem(self.path))

    def items(self) -> Iterator[Item]:
        whole = True
        for line in read_lines(self.path, self.options):
            if isinstance(line, Unreadable):
                whole = whole and not line.last
                yield line
                continue
            try:
                records = self._row(text_of(line.raw).split())
            except RowError as error:
                yield Unreadable(self.path.name, line.number, str(error), line.raw)
                continue
            yield from records
        if whole:
            yield from self._end()

    def _row(self, cells: list[str]) -> list[Record]:
        if len(cells) != 2 + len(_SIGNALS):
            raise RowError(f"{len(cells)} columns; a row has {2 + len(_SIGNALS)}")
        unit, cycle = ordinal(cells[0], "unit"), ordinal(cells[1], "cycle")
        values = _COLUMNS.convert(numbers(cells[2:], _SIGNALS))
        if unit in self.closed:
            raise RowError(f"unit {unit} goes on after another one began")
        if unit == self.unit and cycle <= self.cycle:
            raise RowError(f"cycle {cycle} of unit {unit} follows its cycle {self.cycle}")
        before = [] if unit == self.unit else self._end()
        self.unit, self.cycle = unit, cycle
        return [*before, self._frame(values)]

    def _frame(self, values: list[float]) -> Frame:
        start_ms = UNDATED_MS + (self.cycle - 1) * CYCLE_MS
        tenant, profile = self.options.tenant, self.options.profile or PROFILE
        blobs = (_COLUMNS.ids, _OFFSET, _PACK(*values))
        return Frame(tenant, profile, self._vehicle(), start_ms // 1_000, start_ms, *blobs)

    def _end(self) -> list[Record]:
        """The open unit's failure, where it ran to it."""
        if self.unit:
            self.closed.add(self.unit)
        if not self.unit or self.kind != "train":
            return []
        time_ms = UNDATED_MS + (self.cycle - 1) * CYCLE_MS
        tenant, profile = self.options.tenant, self.options.profile or PROFILE
        return [VehicleEvent(tenant, profile, self._vehicle(), time_ms, "failure", MODE)]

    def _vehicle(self) -> str:
        return f"{self.subset}-{self.kind}-{self.unit:03d}"
