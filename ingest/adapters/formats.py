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
    """`fits` looks at one file. `names_vehicles` says whether the log itself names its vehicles."""

    label: str
    fits: Callable[[Path], bool]
    read: Read
    names_vehicles: bool
    profile: str


FORMATS: Final[dict[str, Format]] = {
    "cmapss": Format(
        "C-MAPSS turbofan runs", cmapss.fits, cmapss.read, names_vehicles=True, profile="turbofan"
    ),
    "machines": Format(
        "machine tables", machines.fits, machines.read, names_vehicles=True, profile="machine"
    ),
    "carobd": Format(
        "carOBD drives",
        carobd.fits,
        carobd.read,
        names_vehicles=False,
        profile="car-combustion",
    ),
    "kit-obd": Format(
        "KIT OBD logs", kit_obd.fits, kit_obd.read, names_vehicles=False, profile="car-combustion"
    ),
    "parquet": Format(
        "Telltale's Parquet", parquet.fits, parquet.read, names_vehicles=True, profile=""
    ),
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
