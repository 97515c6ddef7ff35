"""Partitions of a log: loaded when their first message arrives, saved, caught up, forgotten.

Whoever applies a log exactly once (worker, alerter) says only what a partition is and how messages
change it. Runs in one thread. Only `drop` may be called from elsewhere.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Final, Generic, Protocol, TypeVar

import msgspec
import structlog

from app.flow.message import Incoming
from app.flow.order import Cursor
from app.flow.persist import Persistence
from app.flow.trail import Trail
from contracts.errors import ModelError
from contracts.ports import Snapshots
from infra.metrics import WorkerMetrics, moment

_log = structlog.get_logger(__name__)
_READ_AHEAD: Final = 20
"""Reads of the log in one go while catching up."""


class Log(Protocol):
    """The log itself, read beside the consumer group. Raises UnavailableError."""

    def start(self, partition: int) -> int:
        """The first offset that it still holds."""
        ...

    def end(self, partition: int) -> int:
        """The offset that the next message will get."""
        ...

    def read(self, partition: int, start: int, until: int) -> tuple[list[Incoming], int]:
        """Messages of a span, and the offset up to which there are no more."""
        ...


class Part(Protocol):
    """A partition: its state and where it stands."""

    @property
    def number(self) -> int:
        """The partition's number."""
        ...

    @property
    def cursor(self) -> Cursor:
        """Where it stands in its log."""
        ...


P = TypeVar("P", bound=Part)


class _Held(Generic[P]):
    """A loaded partition with what is known of its snapshots."""

    def __init__(self, partition: P, trail: Trail) -> None:
        self.partition, self.trail = partition, trail
        self.applied = False


@dataclass(frozen=True)
class Keeping:
    """What a keeper reaches."""

    log: Log
    snapshots: Snapshots
    persistence: Persistence
    metrics: WorkerMetrics


class Keeper(ABC, Generic[P]):
    """Partitions by number."""

    def __init__(self, keeping: Keeping, clock: Callable[[], float] = time.monotonic) -> None:
        self._keeping, self._metrics, self._clock = keeping, keeping.metrics, clock
        self._held: dict[int, _Held[P]] = {}

    @abstractmethod
    def _process(self, work: Sequence[tuple[P, list[Incoming]]]) -> None:
        """Apply messages to partitions and see to it that what they come to is settled."""

    @abstractmethod
    def _empty(self, number: int, start: int) -> P:
        """A partition without a state at the log's start."""

    @abstractmethod
    def _read(self, payload: bytes, number: int) -> P:
        """The partition of a snapshot. Raises ModelError or msgspec.DecodeError."""

    @abstractmethod
    def _write(self, partition: P) -> bytes:
        """The partition as a snapshot, the same for the same state."""

    @abstractmethod
    def _join(self) -> None:
        """Wait until all that was applied is settled. Raises Stopping."""

    def take(self, messages: Sequence[Incoming]) -> None:
        """One batch, in order within each partition. Raises Stopping."""
        by_partition = sorted(messages, key=attrgetter("partition"))
        work: list[tuple[_Held[P], list[Incoming]]] = []
        for number, group in groupby(by_partition, key=attrgetter("partition")):
            held = self._load(number)
            found = list(group)
            cursor = held.partition.cursor
            due = cursor.take(found, self._clock())
            work.append((held, due))
            self._metrics.skipped.inc(sum(m.offset < cursor.next for m in found) - len(due))
        self._apply(work)

    def tick(self) -> None:
        """Look after partitions where nothing but messages above the next one arrives."""
        for held in list(self._held.values()):
            if held.partition.cursor.is_stuck(self._clock()):
                self._catch_up(held)

    def snapshot(self) -> dict[int, int]:
        """Save what changed since the last time, once all of it is settled; the offsets to commit,
        by partition. Raises Stopping.
        """
        self._join()
        commits: dict[int, int] = {}
        for number, held in list(self._held.items()):
            try:
                offset = self._save(held) if held.applied else self._prove(held)
            except OSError as error:
                _log.error("a snapshot failed; trying again", partition=number, reason=str(error))
                continue
            if offset is not None:
                commits[number] = offset
        return commits

    def next_offsets(self) -> dict[int, int]:
        """The next offset of every loaded partition."""
        return {number: held.partition.cursor.next for number, held in list(self._held.items())}

    def drop(self, partitions: Iterable[int]) -> None:
        """Forget partitions that went elsewhere: state and everything pending."""
        for number in partitions:
            self._held.pop(number, None)

    def _partitions(self) -> list[P]:
        """All that are loaded."""
        return [held.partition for held in list(self._held.values())]

    def _apply(self, work: Sequence[tuple[_Held[P], list[Incoming]]]) -> None:
        busy = [(held, due) for held, due in work if due]
        if not busy:
            return
        for held, _ in busy:
            held.applied = True
        try:
            self._process([(held.partition, due) for held, due in busy])
        except BaseException:
            # States are ahead of what is stored: they may never be saved.
            self.drop([held.partition.number for held, _ in busy])
            raise

    def _load(self, number: int) -> _Held[P]:
        held = self._held.get(number)
        if held is None:
            held = self._held[number] = self._restore(number)
        return held

    def _restore(self, number: int) -> _Held[P]:
        """The highest valid snapshot, or an empty state at the log's start."""
        for offset, payload in self._keeping.snapshots.load(number):
            try:
                partition = self._read(payload, number)
            except (ModelError, msgspec.DecodeError) as error:
                _log.error("a snapshot can't be used", partition=number, reason=str(error))
                continue
            _log.info("partition loaded", partition=number, next=offset)
            return _Held(partition, Trail(offset))
        start = self._start_of(number)
        _log.info("partition starts without a snapshot", partition=number, next=start)
        return _Held(self._empty(number, start), Trail())

    def _start_of(self, number: int) -> int:
        keeping = self._keeping
        return keeping.persistence.until_done("Kafka", lambda: keeping.log.start(number))

    def _save(self, held: _Held[P]) -> int | None:
        partition = held.partition
        began = moment()
        payload = self._write(partition)
        self._keeping.snapshots.save(partition.number, partition.cursor.next, payload)
        held.applied = False
        self._metrics.snapshots.inc()
        self._metrics.spent("snapshot", began)
        return held.trail.saved(partition.cursor.next)

    def _prove(self, held: _Held[P]) -> int | None:
        """Nothing came since: the newest snapshot may be committed once it reads back whole."""
        newest = held.trail.newest
        if newest <= held.trail.committed:
            return None
        found = next(iter(self._keeping.snapshots.load(held.partition.number)), None)
        return held.trail.proven() if found and found[0] >= newest else None

    def _catch_up(self, held: _Held[P]) -> None:
        """Read from the log itself what Kafka's consumer passed over."""
        partition, cursor = held.partition, held.partition.cursor
        number, until = partition.number, cursor.above + 1
        _log.warning("reading the log itself", partition=number, next=cursor.next, until=until)
        lost = cursor.skip_to(self._start_of(number))
        if lost:
            self._metrics.lost.inc(lost)
            _log.error(
                "LOST: the log no longer holds messages that were never applied; its retention is "
                "too short for the time that nobody read it",
                partition=number,
                messages=lost,
                now_next=cursor.next,
            )
        for _ in range(_READ_AHEAD):
            if cursor.next >= until:
                return
            self._read_on(held, until)

    def _read_on(self, held: _Held[P], until: int) -> None:
        cursor, keeping = held.partition.cursor, self._keeping
        messages, position = keeping.persistence.until_done(
            "Kafka", lambda: keeping.log.read(held.partition.number, cursor.next, until)
        )
        due = cursor.take_from_log(messages, position, self._clock())
        self._apply([(held, due)])
