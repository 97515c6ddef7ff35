"""How far a replay came, so that it goes on there after an end of any kind."""

import hashlib
from pathlib import Path
from typing import Self

import msgspec


class Progress(msgspec.Struct, frozen=True):
    """`items` of the log that Kafka has acknowledged; `whole` when there are no more."""

    path: str
    items: int = 0
    whole: bool = False


class Checkpoint:
    """A file of its own for each log and way to replay it."""

    def __init__(self, file: Path, path: Path) -> None:
        self.file, self.path = file, path

    @classmethod
    def of(cls, folder: Path, path: Path, files: list[Path], *ways: object) -> Self:
        """The checkpoint of these files as they are now: a file that changes is another log."""
        states = [(file.name, (stat := file.stat()).st_size, stat.st_mtime_ns) for file in files]
        text = msgspec.json.encode([str(path.resolve()), states, [str(way) for way in ways]])
        return cls(folder / f"{hashlib.sha256(text).hexdigest()[:16]}.json", path)

    def load(self) -> Progress:
        """What is known; a damaged file counts as nothing known (what is sent twice is refused)."""
        try:
            return msgspec.json.decode(self.file.read_bytes(), type=Progress)
        except (OSError, msgspec.DecodeError):
            return Progress(str(self.path))

    def save(self, items: int, *, whole: bool = False) -> None:
        """Keep it, whole or not at all."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_suffix(".draft")
        draft.write_bytes(msgspec.json.encode(Progress(str(self.path), items, whole)))
        draft.replace(self.file)
