"""Cells of a row to values; what isn't one raises RowError in words."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

_EARLIEST_MS: Final = round(datetime(2000, 1, 1, tzinfo=UTC).timestamp() * 1_000)
_LATEST_MS: Final = round(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1_000)
_SHOWN: Final = 40


class RowError(ValueError):
    """Why a row can't be used; goes into its dead letter."""


def text_of(raw: bytes) -> str:
    """The line as UTF-8 text. Raises RowError."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise RowError(f"not UTF-8 text ({error.reason} at byte {error.start})") from None


def number(cell: str, name: str) -> float:
    """A finite number. Raises RowError naming the column."""
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    # float() also takes "1_000" and digits of other scripts, which no logger writes.
    if not math.isfinite(value) or "_" in cell or not cell.isascii():
        raise RowError(f"{name} is {shown(cell)}, which is no finite number")
    return value


def numbers(cells: Sequence[str], names: Sequence[str]) -> list[float]:
    """Finite numbers, one a column. Raises RowError."""
    try:
        found = list(map(float, cells))
    except ValueError:
        found = []
    text = "".join(cells)
    if found and math.isfinite(sum(found)) and "_" not in text and text.isascii():
        return found
    return [number(cell, name) for cell, name in zip(cells, names, strict=True)]


def sparse_numbers(cells: Sequence[str], names: Sequence[str]) -> list[float]:
    """Finite numbers, NaN where a cell is empty. Raises RowError."""
    if all(map(str.strip, cells)):
        return numbers(cells, names)
    return [
        number(cell, name) if cell.strip() else math.nan
        for cell, name in zip(cells, names, strict=True)
    ]


def ordinal(cell: str, name: str) -> int:
    """A whole number from 1 to a billion, as ids and cycles are. Raises RowError."""
    text = cell.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise RowError(f"{name} is {shown(cell)}, which is no whole number above 0")
    return int(text)


def utc_ms(cell: str, name: str) -> int:
    """An ISO 8601 date and time in Unix milliseconds, UTC where it has no zone. Raises RowError."""
    try:
        time = datetime.fromisoformat(cell.strip())
    except ValueError:
        raise RowError(f"{name} is {shown(cell)}, which is no date and time") from None
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return check_time_ms(round(time.timestamp() * 1_000))


def check_time_ms(time_ms: int) -> int:
    """The time itself. Raises RowError for one before 2000 or after 2100."""
    if not _EARLIEST_MS <= time_ms < _LATEST_MS:
        raise RowError(f"time {time_ms} ms is not between the years 2000 and 2100")
    return time_ms


def shown(cell: str) -> str:
    """A cell as messages show it."""
    text = cell.strip()
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...") if text else "empty"
