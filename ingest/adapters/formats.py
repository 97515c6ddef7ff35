"""The formats that `telltale replay` knows, and how it tells which one a path is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.errors import DataError
from ingest.adapters import carobd, cmapss, kit_obd, machines, parquet
from ingest.adapters.reading import Read


@dataclass(frozen=True)
class Format:
    """`belongs` looks at a file's name, `fits` into it; `names_vehicles`: the log has their ids."""

    label: str
    belongs: Callable[[Path], bool]
    fits: Callable[[Path], bool]
    read: Read
    names_vehicles: bool


FORMATS: Final[dict[str, Format]] = {
    name: Format(label, adapter.belongs, adapter.fits, adapter.read, names_vehicles)
    for name, label, adapter, names_vehicles in (
        ("cmapss", "C-MAPSS turbofan runs", cmapss, True),
        ("machines", "machine tables", machines, True),
        ("carobd", "carOBD drives", carobd, False),
        ("kit-obd", "KIT OBD logs", kit_obd, False),
        ("parquet", "Telltale's Parquet", parquet, True),
    )
}


def recognise(path: Path) -> str:
    """The name of a file's or folder's format. Raises DataError when there is none, or several."""
    files = _files(path)
    found = [name for name, form in FORMATS.items() if any(form.fits(file) for file in files)]
    known = ", ".join(FORMATS)
    if not found:
        raise DataError(f"{path}: no log that is known here; --format forces one of {known}")
    if len(found) > 1:
        listed = " and ".join(found)
        raise DataError(f"{path}: the folder holds {listed}; choose by --format")
    return found[0]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if path.is_dir():
        return sorted(child for child in path.iterdir() if child.is_file())
    raise DataError(f"{path}: there is no such file or folder")
