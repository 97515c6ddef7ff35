"""Items of a log into a sink, in order, at a pace, with a checkpoint every second or so."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from app.replay.checkpoint import Checkpoint
from app.replay.pace import Pace
from contracts.ports import RecordSink
from contracts.records import Frame, Record
from ingest.adapters.reading import Item, Unreadable

BATCH: Final = 256
"""Records handed over at a time when there is no waiting."""
FLUSH_ITEMS: Final = 5_000
FLUSH_S: Final = 1.0


class Tally(msgspec.Struct):
    """What the log held: `samples` are those in frames."""

    frames: int = 0
    samples: int = 0
    events: int = 0
    refused: Counter[str] = msgspec.field(default_factory=Counter)

    def add(self, item: Item) -> None:
        """Count one."""
        if isinstance(item, Unreadable):
            self.refused["unreadable_row"] += 1
        elif isinstance(item, Frame):
            self.frames += 1
            self.samples += len(item.offsets) // 2
        else:
            self.events += 1

    @property
    def records(self) -> int:
        """Frames and events."""
        return self.frames + self.events


def moved(items: Iterable[Item], start_ms: int) -> Iterator[Item]:
    """The same with the first record at `start_ms`; sequence numbers, which are seconds, too."""
    shift: int | None = None
    for item in items:
        if isinstance(item, Unreadable):
            yield item
            continue
        if shift is None:
            shift = (start_ms - time_of(item)) // 1_000
        if isinstance(item, Frame):
            seq, begun = item.seq + shift, item.start_ms + shift * 1_000
            yield msgspec.structs.replace(item, seq=seq, start_ms=begun)
        else:
            yield msgspec.structs.replace(item, time_ms=item.time_ms + shift * 1_000)


def time_of(record: Record) -> int:
    """Event time in ms."""
    return record.start_ms if isinstance(record, Frame) else record.time_ms


@dataclass
class Replay:
    """One run. What lies before the checkpoint is counted but not sent again; `stop` ends it."""

    sink: RecordSink
    checkpoint: Checkpoint
    pace: Pace
    skip: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    tally: Tally = field(default_factory=Tally)
    sent: int = 0
    _done: int = 0
    _waiting: list[Record] = field(default_factory=list)
    _saved_items: int = 0
    _saved_at: float = field(default_factory=time.monotonic)

    def run(self, items: Iterable[Item]) -> bool:
        """Send everything; False when it was stopped before. Raises UnavailableError, and then the
        checkpoint stands where the broker had acknowledged everything.
        """
        for item in items:
            if self.stop.is_set():
                self._settle(self._done)
                return False
            self.tally.add(item)
            self._done += 1
            if self._done > self.skip:
                self._take(item)
        self._settle(self._done, whole=True)
        return True

    def _take(self, item: Item) -> None:
        if isinstance(item, Unreadable):
            self.sink.refuse(item.letter(round(time.time() * 1_000)))
        else:
            wait = self.pace.wait_s(time_of(item))
            if wait >= FLUSH_S:
                self._settle(self._done - 1)
            if wait > 0:
                self._hand_over()
                self.stop.wait(wait)
            self._waiting.append(item)
            self.sent += 1
            if len(self._waiting) >= BATCH or wait > 0:
                self._hand_over()
        now = time.monotonic()
        if self._done - self._saved_items >= FLUSH_ITEMS or now - self._saved_at >= FLUSH_S:
            self._settle(self._done)

    def _hand_over(self) -> None:
        records, self._waiting = self._waiting, []
        if records:
            self.sink.send(records)

    def _settle(self, items: int, *, whole: bool = False) -> None:
        """Wait for the broker, then keep how far it is: never the other way round."""
        self._hand_over()
        self.sink.flush()
        if items > self.skip or whole:
            self.checkpoint.save(items, whole=whole)
        self._saved_items, self._saved_at = items, time.monotonic()
