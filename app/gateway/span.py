"""Samples of one partition that wait to be packed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.gateway.plan import Note
from contracts.dead_letters import DeadLetter
from contracts.records import Frame
from ingest.samples.columns import Columns, Vehicles, join
from ingest.samples.decode import Decoder
from ingest.samples.frames import Whose, make_frames
from ingest.samples.mapping import Layout


@dataclass(frozen=True)
class Source:
    """How a topic is read."""

    decoder: Decoder
    layout: Layout
    whose: Whose


@dataclass(frozen=True)
class Limits:
    """When a span is sent: after `every_s`, or when it holds so much."""

    every_s: float = 10.0
    samples: int = 500_000
    letter_bytes: int = 16 * 1024 * 1024


@dataclass
class Span:
    """What came since the last commit. `note` is that commit's: with a plan in it the span ends
    exactly where the plan says, and what comes after waits in `rest`.

    `start` is the offset of its first message (-1: none yet), `opened_s` when that came.
    """

    source: Source
    note: Note
    start: int = -1
    opened_s: float = 0.0
    samples: int = 0
    vehicles: Vehicles = field(default_factory=Vehicles)
    parts: list[Columns] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    rest: list[Any] = field(default_factory=list)
    _end: int = -1
    _letter_bytes: int = 0

    def add(self, messages: Sequence[Any], now_s: float) -> None:
        """Take messages, in order."""
        plan = self.note.plan
        if plan:
            inside = [one for one in messages if one.offset < plan.end]
            self.rest += messages[len(inside) :]
            messages = inside
        if not messages:
            return
        if self.start < 0:
            self.start, self.opened_s = messages[0].offset, now_s
        columns, letters = self.source.decoder.columns(messages, self.vehicles)
        self.parts.append(columns)
        self.samples += len(columns)
        self.letters += letters
        self._letter_bytes += sum(len(letter.payload) for letter in letters)
        self._end = messages[-1].offset + 1

    @property
    def end(self) -> int:
        """The offset after it."""
        return self.note.plan.end if self.note.plan else self._end

    def is_due(self, now_s: float, limits: Limits) -> bool:
        """Whether it is to be sent now."""
        plan = self.note.plan
        if plan:
            # Where the log lost the span's end meanwhile, what comes after it tells.
            return self._end == plan.end or bool(self.rest)
        if self.start < 0:
            return False
        full = self.samples >= limits.samples or self._letter_bytes >= limits.letter_bytes
        return full or now_s - self.opened_s >= limits.every_s

    def frames(self, base: int) -> tuple[list[Frame], int]:
        """Its frames, and the first sequence number above theirs."""
        columns = join(self.parts) if self.parts else None
        if columns is None or not len(columns):
            return [], base
        names = self.vehicles.names
        frames = make_frames(columns, names, self.source.layout, self.source.whose, base)
        return frames, max(frame.seq for frame in frames) + 1
