"""What C-MAPSS tests are judged by: `RUL_FD001.txt`, one number of cycles a unit."""

from pathlib import Path
from typing import Final

from contracts.errors import DataError
from ingest.adapters.cells import RowError, number, text_of
from ingest.adapters.lines import Line, read_lines
from ingest.adapters.reading import ReadOptions

_PARTS: Final = ("train", "test", "RUL")


def subset_files(folder: Path, subset: str) -> tuple[Path, Path, Path]:
    """The runs to failure, the runs cut before, and the true lives of a subset (`FD001`), gzipped
    or not. Raises DataError.
    """
    found = []
    for part in _PARTS:
        names = [f"{part}_{subset}.txt", f"{part}_{subset}.txt.gz"]
        files = [folder / name for name in names if (folder / name).is_file()]
        if not files:
            raise DataError(f"{folder}: there is no {names[0]} (or .gz) in the folder")
        found.append(files[0])
    return found[0], found[1], found[2]


def read_lives(path: Path) -> list[float]:
    """True remaining cycles, in the order of the units. Raises DataError."""
    lives = []
    for line in read_lines(path, ReadOptions()):
        if not isinstance(line, Line):
            raise DataError(f"{path}, line {line.line}: {line.detail}")
        try:
            text = text_of(line.raw).strip()
            if text:
                lives.append(number(text, "the remaining life"))
        except RowError as error:
            raise DataError(f"{path}, line {line.number}: {error}") from None
    return lives
