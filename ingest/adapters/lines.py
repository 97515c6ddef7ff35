"""Lines of a text file, plain or gzipped, in bounded memory; what is torn is said, not dropped."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ingest.adapters.reading import ReadOptions, Unreadable

MAX_LINE: Final = 65_536
"""Bytes of a line that are kept; a longer one is no row of a log."""
_CHUNK: Final = 65_536
_GZIP: Final = b"\x1f\x8b"
_DAMAGED = (EOFError, OSError, zlib.error)


@dataclass(frozen=True)
class Line:
    """A line without its end, counted from 1."""

    number: int
    raw: bytes


@dataclass
class _Pending:
    """A line whose end hasn't come yet: its first bytes, and how many more were dropped."""

    number: int = 1
    head: bytes = b""
    dropped: int = 0

    def add(self, part: bytes) -> None:
        room = MAX_LINE - len(self.head)
        self.head += part[:room]
        self.dropped += max(0, len(part) - room)

    def end(self, file: str) -> Line | Unreadable:
        found: Line | Unreadable
        if self.dropped:
            detail = (
                f"a line of {MAX_LINE + self.dropped} bytes, cut; at most {MAX_LINE} make sense"
            )
            found = Unreadable(file, self.number, detail, self.head)
        else:
            found = Line(self.number, self.head.removesuffix(b"\r"))
        self.number += 1
        self.head, self.dropped = b"", 0
        return found


def read_lines(path: Path, options: ReadOptions) -> Iterator[Line | Unreadable]:
    """Every line. A file that can't be read (on) ends with an Unreadable that is its `last`."""
    pending = _Pending()
    chunks = _chunks(path, options.on_bytes)
    while True:
        try:
            chunk = next(chunks, None)
        except _DAMAGED as error:
            yield Unreadable(path.name, pending.number, _why(error), pending.head, last=True)
            return
        if chunk is None:
            break
        *whole, rest = chunk.split(b"\n")
        for part in whole:
            pending.add(part)
            yield pending.end(path.name)
        pending.add(rest)
    if pending.head:
        yield pending.end(path.name)
    elif pending.number == 1:
        yield Unreadable(path.name, 1, "the file is empty", b"", last=True)


def first_line(path: Path) -> Line | Unreadable:
    """The first line, for telling formats apart, or why there is none."""
    return next(read_lines(path, ReadOptions()))


def _chunks(path: Path, on_bytes: Callable[[int], None]) -> Iterator[bytes]:
    """Parts of the text; `read1` hands over what it has before it complains about what follows."""
    with path.open("rb") as raw:
        zipped = raw.read(len(_GZIP)) == _GZIP
        raw.seek(0)
        text = gzip.GzipFile(fileobj=raw) if zipped else raw
        before = 0
        while chunk := text.read1(_CHUNK):
            yield chunk
            now = raw.tell()
            on_bytes(now - before)
            before = now


def _why(error: BaseException) -> str:
    if isinstance(error, EOFError):
        return "the compressed file ends in the middle: it was cut; copy it again"
    if isinstance(error, zlib.error | gzip.BadGzipFile):
        return f"the compressed file is damaged ({error}); copy it again"
    return f"the file can't be read ({getattr(error, 'strerror', error)})"
