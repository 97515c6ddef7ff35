"""Puts notes between the scores of the `risk` topic: what happened, what is asked, the clock."""

from collections.abc import Iterable, Sequence
from typing import Any

from contracts.alert_log import TOLD, Asked, Happened, Tick, encode_note
from contracts.alerts import AlertCommand
from contracts.records import VehicleEvent
from contracts.topics import RISK
from infra.connections import KafkaConnection
from infra.kafka import partition_of
from infra.kafka_clients import DELIVERY_LIMIT_S, open_producer, readable_errors


class AlertLog:
    """A producer, opened at the first note. Calls return once the broker has everything, raise
    UnavailableError and may then be repeated: a note that comes twice changes nothing.
    """

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._topic = connection.topic(RISK)
        self._producer: Any = None
        self._count = 0

    def ask(self, commands: Sequence[AlertCommand]) -> None:
        """Commands, to their vehicle's partition; what is about no vehicle goes to all."""
        self._send((encode_note(Asked(command)), command.vehicle_id) for command in commands)

    def tick(self, clocks: Sequence[Tick]) -> None:
        """The clocks, to all partitions."""
        self._send((encode_note(tick), "") for tick in clocks)

    def tell(self, events: Sequence[VehicleEvent]) -> None:
        """Those of the events that matter to alerts."""
        self._send(
            (encode_note(Happened([event])), event.vehicle_id)
            for event in events
            if event.kind in TOLD
        )

    def close(self) -> None:
        """Let go of the connection; the next note opens another."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.close(timeout=1)

    def _send(self, notes: Iterable[tuple[bytes, str]]) -> None:
        found = list(notes)
        if not found:
            return
        try:
            with readable_errors(self._connection):
                producer = self._open()
                sent = [
                    producer.send(self._topic, payload, vehicle.encode() or None, partition=number)
                    for payload, vehicle in found
                    for number in self._partitions(vehicle)
                ]
                producer.flush(DELIVERY_LIMIT_S)
                for future in sent:
                    future.get(timeout=DELIVERY_LIMIT_S)
        except BaseException:
            # An idempotent producer that failed may refuse everything afterwards.
            self.close()
            raise

    def _partitions(self, vehicle: str) -> Iterable[int]:
        return [partition_of(vehicle, self._count)] if vehicle else range(self._count)

    def _open(self) -> Any:  # noqa: ANN401 (kafka-python has no stubs)
        if self._producer is None:
            self._producer = open_producer(self._connection, linger_ms=0)
            self._count = len(self._producer.partitions_for(self._topic))
        return self._producer
