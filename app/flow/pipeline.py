"""The worker without Kafka's consumer: batches in; rows, risk, snapshots and commits out.

Runs in one thread of its own, and settles in another. Only `drop` may be called from elsewhere.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from app.flow.ahead import Ahead
from app.flow.effects import Effects, merge
from app.flow.image import read_image, write_image
from app.flow.keeper import Keeper, Keeping, Log
from app.flow.message import Incoming
from app.flow.partition import Engines, Home, Partition
from app.flow.persist import Persistence
from app.flow.score import Champion, Scored, score
from app.flow.settle import Settlement
from app.flow.shadow import Shadows
from contracts.dead_letters import Withheld
from contracts.ports import Snapshots
from features.state import StaleStateError
from infra.metrics import WorkerMetrics, moment

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Ports:
    """What the pipeline reaches: `topic` names the log, `home` says where a vehicle belongs,
    `committed` what the group committed of a partition (-1: nothing).
    """

    topic: str
    home: Home
    log: Log
    snapshots: Snapshots
    settlement: Settlement
    persistence: Persistence
    metrics: WorkerMetrics
    committed: Callable[[int], int] = lambda _: -1


class Pipeline(Keeper[Partition]):
    """Partitions of telemetry, loaded when their first message arrives."""

    def __init__(
        self,
        engines: Engines,
        ports: Ports,
        clock: Callable[[], float] = time.monotonic,
        ahead: int = 0,
    ) -> None:
        keeping = Keeping(ports.log, ports.snapshots, ports.persistence, ports.metrics)
        super().__init__(keeping, clock)
        self._engines, self._ports = engines, ports
        self._ahead = Ahead(self._settle, self.drop, ahead)
        self._offered: Mapping[str, Champion] = {}
        self._champions: Mapping[str, Champion] = {}
        self._shadows = Shadows()
        self._told: set[str] = set()

    def offer(
        self, champions: Mapping[str, Champion], shadows: Mapping[str, Champion] | None = None
    ) -> None:
        """Use these champions, and shadows beside them, from the next batch on."""
        self._offered = champions
        self._shadows.offer(shadows or {})

    def take(self, messages: Sequence[Incoming]) -> None:
        """One batch, in order within each partition. Raises Stopping."""
        self._champions = self._offered
        super().take(messages)

    def _process(self, work: Sequence[tuple[Partition, list[Incoming]]]) -> None:
        """Compute, and settle while the next batch is computed. A snapshot waits for that."""
        began = moment()
        offered = {name: champion.expectation for name, champion in self._champions.items()}
        for partition, _ in work:
            partition.adopt(offered)
        whole = merge(
            partition.apply(due, self._ports.topic, self._ports.home) for partition, due in work
        )
        began = self._metrics.spent("features", began)
        self._score(whole)
        self._metrics.spent("score", began)
        self._ahead.add(whole, [partition.number for partition, _ in work])

    def _empty(self, number: int, start: int) -> Partition:
        """Raises StaleStateError where there was a state, and the log can't give it again."""
        if start and self._asked(lambda: self._ports.committed(number)) >= 0:
            raise StaleStateError(
                f"partition {number} has no snapshot that can be used, and its log starts at "
                f"{start} only: what vehicles did before would be forgotten; run `telltale state "
                "rebuild`, which takes it from the store"
            )
        return Partition(number, start, self._engines)

    def _read(self, payload: bytes, number: int) -> Partition:
        """As asked for; also raises StaleStateError when the state is of another log."""
        partition = read_image(payload, number, self._engines)
        end = self._asked(lambda: self._ports.log.end(number))
        if partition.cursor.next > end:
            raise StaleStateError(
                f"the snapshot of partition {number} stands at {partition.cursor.next}, but its "
                f"log ends at {end}: the topic was made anew or the broker lost messages, and what "
                "comes would be skipped; run `telltale state rebuild`"
            )
        return partition

    def _asked(self, question: Callable[[], int]) -> int:
        return self._ports.persistence.until_done("Kafka", question)

    def _write(self, partition: Partition) -> bytes:
        return write_image(partition)

    def _join(self) -> None:
        self._ahead.join()

    def _settle(self, whole: Effects) -> None:
        began = moment()
        self._ports.settlement.settle(whole)
        self._metrics.spent("settle", began)
        self._count(whole)

    def _score(self, whole: Effects) -> None:
        scored = score(whole.features, self._champions)
        whole.risk, whole.heard, whole.unusual = scored.risk, scored.heard, scored.unusual
        self._tell("a champion is refused", scored)
        beside = self._shadows.score(whole.features, self._champions)
        whole.shadow = beside.risk
        self._tell("a shadow is refused; the champion goes on", beside)

    def _tell(self, what: str, scored: Scored) -> None:
        for reason in scored.refused.values():
            if reason not in self._told:
                self._told.add(reason)
                _log.error(what, reason=reason)

    def _count(self, whole: Effects) -> None:
        metrics, rows = self._metrics, self._metrics.rows
        metrics.messages.inc(whole.messages)
        metrics.frames.inc(sum(map(len, whole.summaries)))
        rows.labels("summaries").inc(sum(map(len, whole.summaries)))
        rows.labels("events").inc(len(whole.events))
        rows.labels("features").inc(sum(len(item.rows) for item in whole.features))
        rows.labels("risk").inc(sum(map(len, whole.risk)))
        rows.labels("unusual").inc(sum(map(len, whole.unusual)))
        rows.labels("risk_shadow").inc(sum(map(len, whole.shadow)))
        for letter in whole.letters:
            metrics.refused.labels(letter.reason).inc()
        metrics.withheld.inc(whole.held)
        for account in whole.withheld:
            self._warn(account)

    def _warn(self, account: Withheld) -> None:
        """Once a minute of a storm."""
        storm = f"{account.partition} {account.minute_ms}"
        if storm not in self._told:
            self._told.add(storm)
            _log.error(
                "dead letters are withheld, there are too many; `telltale dead-letters withheld` "
                "says where they stand in the log",
                partition=account.partition,
                reasons=account.reasons,
            )
