"""The alerter without Kafka's consumer: the alert log in; alerts, answers and snapshots out.

Runs in one thread of its own. Only `drop` may be called from elsewhere.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from alerts.changes import Changes, Details, Wanted
from alerts.ledger import Ledger
from alerts.pipeline import Depots, Pipeline, strangers
from alerts.state import Tenant
from app.alerting.partition import AlertPartition, decode
from app.flow.keeper import Keeper, Keeping, Log
from app.flow.message import Incoming
from app.flow.order import Cursor
from app.flow.persist import Persistence
from app.flow.settle import Refuse
from contracts.alerts import Alert, Answer, Silence, Transition
from contracts.dead_letters import DeadLetter
from contracts.notices import Notice
from contracts.ports import Snapshots
from contracts.records import VehicleEvent
from infra.metrics import WorkerMetrics, moment

_log = structlog.get_logger(__name__)


class AlertStore(Protocol):
    """Where alerts are written; acknowledged when a call returns. Raises UnavailableError."""

    def write_alerts(self, alerts: Sequence[Alert], transitions: Sequence[Transition]) -> None:
        """Newest versions, and every change."""
        ...

    def write_answers(self, answers: Sequence[Answer]) -> None:
        """What became of commands."""
        ...

    def write_silences(self, silences: Sequence[Silence]) -> None:
        """Silences as they are now."""
        ...

    def write_dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        """What could not be read."""
        ...


@dataclass(frozen=True)
class AlertPorts:
    """What the alerter reaches. All calls raise UnavailableError while the other side is away.

    `explain` one alert; `depots` of (tenant, vehicle) pairs; `report` findings as events of their
    vehicles; `tell` the world of changes; `standing` alerts of a partition's
    vehicles as stored; `refuse` dead letters.
    """

    topic: str
    log: Log
    snapshots: Snapshots
    store: AlertStore
    explain: Callable[[Wanted], Details]
    depots: Callable[[Iterable[tuple[str, str]]], Depots]
    report: Callable[[Sequence[VehicleEvent]], None]
    tell: Callable[[Sequence[Notice]], None]
    standing: Callable[[int], Sequence[Alert]]
    refuse: Refuse
    persistence: Persistence
    metrics: WorkerMetrics


class AlertFlow(Keeper[AlertPartition]):
    """Partitions of the alert log, loaded when their first message arrives."""

    def __init__(
        self,
        pipeline: Pipeline,
        ports: AlertPorts,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(
            Keeping(ports.log, ports.snapshots, ports.persistence, ports.metrics), clock
        )
        self._pipeline, self._ports = pipeline, ports

    def tenants(self) -> list[Tenant]:
        """Every tenant of every partition that is held."""
        found = (partition.state.tenants.values() for partition in self._partitions())
        return [tenant for some in found for tenant in list(some)]

    def _process(self, work: Sequence[tuple[AlertPartition, list[Incoming]]]) -> None:
        """Apply, explain, store; findings and dead letters go to their topics after that."""
        began = moment()
        whole, letters = Changes(), []
        for partition, due in work:
            messages, refused = decode(due, self._ports.topic)
            letters += refused
            depots = self._depots_of(strangers(partition.state, messages))
            ledger, changes = self._pipeline.step(partition.state, messages, depots)
            began = self._metrics.spent("alerts", began)
            self._explain(ledger, changes)
            began = self._metrics.spent("explain", began)
            whole.add(changes)
        self._settle(whole, letters)
        self._metrics.spent("settle", began)
        self._metrics.messages.inc(sum(len(due) for _, due in work))

    def _depots_of(self, wanted: set[tuple[str, str]]) -> Depots:
        if not wanted:
            return {}
        ports = self._ports
        return ports.persistence.until_done("the store", lambda: ports.depots(sorted(wanted)))

    def _explain(self, ledger: Ledger, changes: Changes) -> None:
        ports = self._ports
        for wanted in list(changes.wanted.values()):
            details = ports.persistence.until_done("the store", partial(ports.explain, wanted))
            ledger.describe(wanted.alert_id, details)

    def _settle(self, changes: Changes, letters: Sequence[DeadLetter]) -> None:
        until_done, store = self._ports.persistence.until_done, self._ports.store
        if changes or letters:
            until_done("the store", lambda: _store(store, changes, letters))
        if letters:
            until_done("Kafka", lambda: self._ports.refuse(letters))
        told = [Notice(changes.alerts[one.alert_id], one) for one in changes.transitions]
        if told:
            until_done("Kafka", lambda: self._ports.tell(told))
        if changes.findings:
            until_done("Kafka", lambda: self._ports.report(changes.findings))
        rows = self._metrics.rows
        rows.labels("alerts").inc(len(changes.alerts))
        rows.labels("alert_transitions").inc(len(changes.transitions))
        for one in letters:
            self._metrics.refused.labels(one.reason).inc()

    def _empty(self, number: int, start: int) -> AlertPartition:
        partition = AlertPartition(number, Cursor(start))
        if start:
            # The log's beginning is gone, and with it how these alerts came about.
            ports = self._ports
            found = ports.persistence.until_done("the store", lambda: ports.standing(number))
            for alert in found:
                partition.state.adopt(alert)
            _log.warning("standing alerts taken over", partition=number, alerts=len(found))
        return partition

    def _read(self, payload: bytes, number: int) -> AlertPartition:
        return AlertPartition.from_bytes(payload, number)

    def _write(self, partition: AlertPartition) -> bytes:
        return partition.to_bytes()

    def _join(self) -> None:
        """Everything is settled when it has been processed."""


def _store(store: AlertStore, changes: Changes, letters: Sequence[DeadLetter]) -> None:
    store.write_alerts(list(changes.alerts.values()), changes.transitions)
    store.write_silences(list(changes.silences.values()))
    # Answers last: who reads one finds what it speaks of.
    store.write_answers(changes.answers)
    store.write_dead_letters(letters)
