"""Which files of a folder make up a log, and in which order."""

import re
from collections.abc import Callable
from pathlib import Path

from contracts.errors import DataError

_NUMBER = re.compile(r"(\d+)")


def log_files(path: Path, belongs: Callable[[Path], bool]) -> list[Path]:
    """The file itself, or those of the folder that belong, numbers in names in their order.

    Raises DataError when there is nothing to read.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DataError(f"{path}: there is no such file or folder")
    found = [child for child in path.iterdir() if child.is_file() and belongs(child)]
    if not found:
        raise DataError(f"{path}: no file of this format is in the folder")
    return sorted(found, key=lambda child: natural(child.name))


def natural(name: str) -> list[tuple[int, str]]:
    """Sorts `drive2` before `drive11`."""
    parts = _NUMBER.split(name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def stem(path: Path) -> str:
    """The name without `.gz` and without what comes before that."""
    return path.name.removesuffix(".gz").rsplit(".", 1)[0]


def has_suffix(*suffixes: str) -> Callable[[Path], bool]:
    """Whether a file's name ends so, `.gz` or not."""
    return lambda path: path.name.lower().removesuffix(".gz").endswith(suffixes)
