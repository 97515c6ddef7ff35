"""Writes and publishes what a batch came to, in the one order that loses nothing."""

from collections.abc import Callable, Sequence
from typing import Protocol

from app.flow.effects import Effects
from app.flow.persist import Persistence
from contracts.alert_log import TOLD
from contracts.batches import RiskRows
from contracts.dead_letters import DeadLetter
from contracts.ports import ResultStore
from contracts.records import VehicleEvent


class Publisher(Protocol):
    """Where risk goes; returns when the broker has it. Raises UnavailableError."""

    def publish(self, batches: Sequence[RiskRows], events: Sequence[VehicleEvent]) -> None:
        """Send all rows, and between them what happened that ends alerts."""
        ...


Refuse = Callable[[Sequence[DeadLetter]], None]
"""Sends dead letters to their topic and waits. Raises UnavailableError."""


class Settlement:
    """Store first, topics after: who hears of a risk finds it in the store."""

    def __init__(
        self, store: ResultStore, publisher: Publisher, refuse: Refuse, persistence: Persistence
    ) -> None:
        self._store, self._publisher, self._refuse = store, publisher, refuse
        self._persistence = persistence

    def settle(self, effects: Effects) -> None:
        """Returns when all of it is acknowledged. Raises Stopping; rows may be written again,
        because their keys are natural.
        """
        self._persistence.until_done("the store", lambda: self._write(effects))
        self._persistence.until_done("Kafka", lambda: self._publish(effects))

    def _write(self, effects: Effects) -> None:
        for summaries in effects.summaries:
            self._store.write_summaries(summaries)
        self._store.write_events(effects.events)
        for expected in effects.features:
            self._store.write_features(expected.rows)
        for risk in effects.risk:
            self._store.write_risk(risk)
        for risk in effects.shadow:
            self._store.write_shadow(risk)
        for unusual in effects.unusual:
            self._store.write_unusual(unusual)
        self._store.write_dead_letters(effects.letters)
        self._store.write_withheld(effects.withheld)

    def _publish(self, effects: Effects) -> None:
        if effects.letters:
            self._refuse(effects.letters)
        told = [event for event in effects.events if event.kind in TOLD]
        scored = [*effects.risk, *effects.heard]
        if scored or told:
            self._publisher.publish(scored, told)
