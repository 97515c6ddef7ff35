"""The worker without Kafka's consumer: batches in; rows, risk, snapshots and commits out.

Runs in one thread of its own, and settles in another. Only `drop` may be called from elsewhere.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Final, Protocol

import msgspec
import structlog

from app.flow.ahead import Ahead
from app.flow.effects import Effects, merge
from app.flow.image import read_image, write_image
from app.flow.message import Incoming
from app.flow.partition import Engines, Home, Partition
from app.flow.persist import Persistence
from app.flow.score import Champion, score
from app.flow.settle import Settlement
from app.flow.trail import Trail
from contracts.errors import ModelError
from contracts.ports import Snapshots
from infra.metrics import WorkerMetrics

_log = structlog.get_logger(__name__)
_READ_AHEAD: Final = 20
"""Reads of the log in one go while catching up."""


class Log(Protocol):
    """The log itself, read beside the consumer group. Raises UnavailableError."""

    def start(self, partition: int) -> int:
        """The first offset that it still holds."""
        ...

    def read(self, partition: int, start: int, until: int) -> tuple[list[Incoming], int]:
        """Messages of a span, and the offset up to which there are no more."""
        ...


class _Held:
    """A loaded partition with what is known of its snapshots."""

    def __init__(self, partition: Partition, trail: Trail) -> None:
        self.partition, self.trail = partition, trail
        self.applied = False


@dataclass(frozen=True)
class Ports:
    """What the pipeline reaches: `topic` names the log, `home` says where a vehicle belongs."""

    topic: str
    home: Home
    log: Log
    snapshots: Snapshots
    settlement: Settlement
    persistence: Persistence
    metrics: WorkerMetrics


class Pipeline:
    """Partitions by number, loaded when their first message arrives."""

    def __init__(
        self,
        engines: Engines,
        ports: Ports,
        clock: Callable[[], float] = time.monotonic,
        ahead: int = 0,
    ) -> None:
        self._engines, self._ports, self._clock = engines, ports, clock
        self._ahead = Ahead(self._settle, self.drop, ahead)
        self._metrics, self._log = ports.metrics, ports.log
        self._held: dict[int, _Held] = {}
        self._offered: Mapping[str, Champion] = {}
        self._champions: Mapping[str, Champion] = {}
        self._told: set[str] = set()

    def offer(self, champions: Mapping[str, Champion]) -> None:
        """Use these champions from the next batch on."""
        self._offered = champions

    def take(self, messages: Sequence[Incoming]) -> None:
        """One batch, in order within each partition. Raises Stopping."""
        self._champions = self._offered
        by_partition = sorted(messages, key=attrgetter("partition"))
        work: list[tuple[_Held, list[Incoming]]] = []
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
        self._ahead.join()
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

    def _apply(self, work: Sequence[tuple[_Held, list[Incoming]]]) -> None:
        """Compute, and settle while the next batch is computed. A snapshot waits for that."""
        began = time.perf_counter()
        busy = [(held, due) for held, due in work if due]
        if not busy:
            return
        numbers = [held.partition.number for held, _ in busy]
        try:
            whole = merge(
                held.partition.apply(due, self._ports.topic, self._ports.home) for held, due in busy
            )
            began = self._spent("features", began)
            self._score(whole)
            self._spent("score", began)
        except BaseException:
            # States are ahead of what is stored: they may never be saved.
            self.drop(numbers)
            raise
        for held, _ in busy:
            held.applied = True
        self._ahead.add(whole, numbers)

    def _settle(self, whole: Effects) -> None:
        began = time.perf_counter()
        self._ports.settlement.settle(whole)
        self._spent("settle", began)
        self._count(whole)

    def _score(self, whole: Effects) -> None:
        scored = score(whole.features, self._champions)
        whole.risk = scored.risk
        for reason in scored.refused.values():
            if reason not in self._told:
                self._told.add(reason)
                _log.error("a champion is refused", reason=reason)

    def _load(self, number: int) -> _Held:
        held = self._held.get(number)
        if held is None:
            held = self._held[number] = self._restore(number)
        held.partition.adopt({name: c.expectation for name, c in self._champions.items()})
        return held

    def _restore(self, number: int) -> _Held:
        """The highest valid snapshot, or an empty state at the log's start."""
        for offset, payload in self._ports.snapshots.load(number):
            try:
                partition = read_image(payload, number, self._engines)
            except (ModelError, msgspec.DecodeError) as error:
                _log.error("a snapshot can't be used", partition=number, reason=str(error))
                continue
            _log.info("partition loaded", partition=number, next=offset)
            return _Held(partition, Trail(offset))
        start: list[int] = []
        self._ports.persistence.until_done("Kafka", lambda: start.append(self._log.start(number)))
        _log.info("partition starts without a snapshot", partition=number, next=start[-1])
        return _Held(Partition(number, start[-1], self._engines), Trail())

    def _save(self, held: _Held) -> int | None:
        partition = held.partition
        began = time.perf_counter()
        self._ports.snapshots.save(partition.number, partition.cursor.next, write_image(partition))
        held.applied = False
        self._metrics.snapshots.inc()
        self._spent("snapshot", began)
        return held.trail.saved(partition.cursor.next)

    def _prove(self, held: _Held) -> int | None:
        """Nothing came since: the newest snapshot may be committed once it reads back whole."""
        newest = held.trail.newest
        if newest <= held.trail.committed:
            return None
        found = next(iter(self._ports.snapshots.load(held.partition.number)), None)
        return held.trail.proven() if found and found[0] >= newest else None

    def _catch_up(self, held: _Held) -> None:
        """Read from the log itself what Kafka's consumer passed over."""
        partition, cursor = held.partition, held.partition.cursor
        number, until = partition.number, cursor.above + 1
        _log.warning("reading the log itself", partition=number, next=cursor.next, until=until)
        begin: list[int] = []
        self._ports.persistence.until_done("Kafka", lambda: begin.append(self._log.start(number)))
        lost = cursor.skip_to(begin[-1])
        if lost:
            self._metrics.lost.inc(lost)
            _log.error(
                "LOST: the log no longer holds messages that were never applied; its retention is "
                "too short for the time the workers were away",
                partition=number,
                messages=lost,
                now_next=cursor.next,
            )
        for _ in range(_READ_AHEAD):
            if cursor.next >= until:
                return
            self._read_on(held, until)

    def _read_on(self, held: _Held, until: int) -> None:
        cursor = held.partition.cursor
        read: list[tuple[list[Incoming], int]] = []
        self._ports.persistence.until_done(
            "Kafka",
            lambda: read.append(self._log.read(held.partition.number, cursor.next, until)),
        )
        messages, position = read[-1]
        due = cursor.take_from_log(messages, position, self._clock())
        self._apply([(held, due)])

    def _spent(self, step: str, began: float) -> float:
        now = time.perf_counter()
        self._metrics.seconds.labels(step).observe(now - began)
        return now

    def _count(self, whole: Effects) -> None:
        metrics, rows = self._metrics, self._metrics.rows
        metrics.messages.inc(whole.messages)
        metrics.frames.inc(sum(map(len, whole.summaries)))
        rows.labels("summaries").inc(sum(map(len, whole.summaries)))
        rows.labels("events").inc(len(whole.events))
        rows.labels("features").inc(sum(len(item.rows) for item in whole.features))
        rows.labels("risk").inc(sum(map(len, whole.risk)))
        for letter in whole.letters:
            metrics.refused.labels(letter.reason).inc()
