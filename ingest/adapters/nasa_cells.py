"""NASA's lithium-ion cells cycled to end of life: `B0005_charge.tar.gz` and so on.

An archive holds one CSV a cycle; a discharge's file name ends in the capacity that was measured
(`dis_12_cap_1.83.csv`, ampere hours). Laboratory curves, not a vehicle's telemetry: they are read
whole and make no records.
"""

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, Final

import polars as pl

from contracts.batches import Doubles
from contracts.errors import DataError

_ARCHIVE: Final = re.compile(r"(.+)_(charge|discharge)\.tar\.gz")
_CYCLE: Final = re.compile(r"(charge|dis)_(\d{1,6})(?:_cap_([\d.]+))?\.csv")
_TIME: Final = {"charge": "charge_time", "dis": "discharge_time"}
_MAX_BYTES: Final = 64 * 1024 * 1024
"""A cycle's file is some 100 KB."""


@dataclass(frozen=True, eq=False)
class Curve:
    """Samples [n] of one charge or discharge, as measured at the cell."""

    time_s: Doubles
    volts: Doubles
    amps: Doubles


@dataclass
class Cell:
    """Curves by cycle number, and the capacities measured (ampere hours)."""

    charges: dict[int, Curve] = field(default_factory=dict)
    discharges: dict[int, Curve] = field(default_factory=dict)
    capacity_ah: dict[int, float] = field(default_factory=dict)


def read_cells(folder: Path) -> dict[str, Cell]:
    """All cells of a folder, by name. Raises DataError."""
    archives = _archives(folder)
    if not archives:
        raise DataError(f"{folder}: no archive like B0005_discharge.tar.gz is in the folder")
    cells: dict[str, Cell] = {}
    for archive in archives:
        match = _ARCHIVE.fullmatch(archive.name)
        if match:
            cell = cells.setdefault(match[1], Cell())
            for kind, number, capacity, curve in _cycles(archive):
                (cell.charges if kind == "charge" else cell.discharges)[number] = curve
                if capacity:
                    cell.capacity_ah[number] = float(capacity)
    return cells


def _archives(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder")
    return sorted(file for file in folder.iterdir() if _ARCHIVE.fullmatch(file.name))


def _cycles(archive: Path) -> Iterator[tuple[str, int, str | None, Curve]]:
    """Kind, number, capacity as text and curve of each cycle of an archive; nothing is unpacked."""
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                match = _CYCLE.fullmatch(Path(member.name).name)
                opened = tar.extractfile(member) if match and member.isfile() else None
                if match and opened:
                    place = f"{archive.name}: {member.name}"
                    yield match[1], int(match[2]), match[3], _curve(opened, match[1], place)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(f"{archive}: the archive is damaged ({error}); fetch it again") from error


def _curve(opened: IO[bytes], kind: str, place: str) -> Curve:
    columns = [_TIME[kind], "voltage", "current"]
    try:
        table = pl.read_csv(BytesIO(opened.read(_MAX_BYTES)), columns=columns)
        rows = table.select(pl.col(columns).cast(pl.Float64)).drop_nulls().sort(columns[0])
    except pl.exceptions.PolarsError as error:
        wanted = ", ".join(columns)
        raise DataError(f"{place}: no CSV of a cycle; it needs columns {wanted}") from error
    time_s, volts, amps = (rows[name].to_numpy() for name in columns)
    return Curve(time_s, volts, amps)
