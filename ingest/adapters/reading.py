"""What every adapter takes and gives."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from contracts.dead_letters import DeadLetter
from contracts.records import Record

UNDATED_MS: Final = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp() * 1_000)
"""Where the time of a log that has no dates begins."""


@dataclass(frozen=True)
class Unreadable:
    """A row that can't be a record: where it stands, what is wrong, and its bytes as they were.

    `last` says that nothing more could be read of its file.
    """

    file: str
    line: int
    detail: str
    payload: bytes
    last: bool = False

    def letter(self, now_ms: int) -> DeadLetter:
        """The dead letter: the file's name is its topic, the line its offset."""
        return DeadLetter(
            "unreadable_row", self.detail, self.file, 0, self.line, now_ms, self.payload
        )


Item = Record | Unreadable


def unnoticed(_bytes: int) -> None:
    """For reads that nobody watches."""


@dataclass(frozen=True)
class ReadOptions:
    """`profile` empty means the format's own; `vehicle` names the vehicle of a log that doesn't.

    `on_bytes` is told how many bytes of the files (as they lie on disk) were taken in.
    """

    tenant: str = "default"
    profile: str = ""
    vehicle: str = ""
    on_bytes: Callable[[int], None] = unnoticed


Read = Callable[[Path, ReadOptions], Iterator[Item]]
"""Streams a file's or folder's items in bounded memory; a vehicle's records in order of time."""
