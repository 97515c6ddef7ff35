"""What people do, into Kafka: commands to alerts, and findings into a vehicle's own history."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from app.access.caller import Caller
from contracts.alerts import AlertCommand, encode_command
from contracts.codec import encode_message
from contracts.records import VehicleEvent
from contracts.topics import COMMANDS, TELEMETRY
from infra.connections import KafkaConnection
from infra.kafka import partition_of
from infra.kafka_clients import DELIVERY_LIMIT_S, open_producer, readable_errors


class Publisher:
    """A producer, opened at the first message. Each call returns once the broker has it."""

    def __init__(self, connection: Callable[[], KafkaConnection]) -> None:
        self._connection_of = connection
        self._lock = threading.Lock()
        self._producer: Any = None
        self._connection = KafkaConnection()

    def command(self, command: AlertCommand) -> None:
        """Send a command. Raises UnavailableError."""
        self._send(COMMANDS, command.vehicle_id, encode_command(command))

    def event(self, event: VehicleEvent) -> None:
        """Send an event of a vehicle. Raises UnavailableError."""
        self._send(TELEMETRY, event.vehicle_id, encode_message([event]))

    def close(self) -> None:
        """Close the producer, if one was opened."""
        with self._lock:
            if self._producer is not None:
                self._producer.close(timeout=1)
                self._producer = None

    def _send(self, topic: str, vehicle_id: str, payload: bytes) -> None:
        with self._lock:
            if self._producer is None:
                self._connection = self._connection_of()
                self._producer = open_producer(self._connection, linger_ms=0)
            name = self._connection.topic(topic)
            with readable_errors(self._connection):
                count = len(self._producer.partitions_for(name))
                partition = partition_of(vehicle_id, count)
                key = vehicle_id.encode()
                sent = self._producer.send(name, payload, key, partition=partition)
        with readable_errors(self._connection):
            sent.get(timeout=DELIVERY_LIMIT_S)


@dataclass(frozen=True)
class Signed:
    """A publisher for one caller: what goes out is of his tenant and bears his name."""

    publisher: Publisher
    caller: Caller

    def command(self, command: AlertCommand) -> None:
        """Send a command in his name. Raises UnavailableError."""
        actor, tenant = self.caller.signs(command.actor), self.caller.tenant
        self.publisher.command(msgspec.structs.replace(command, actor=actor, tenant=tenant))

    def event(self, event: VehicleEvent) -> None:
        """Send an event in his name. Raises UnavailableError."""
        detail = event.detail
        if "actor" in detail:
            detail = {**detail, "actor": self.caller.signs(detail["actor"])}
        tenant = self.caller.tenant
        self.publisher.event(msgspec.structs.replace(event, tenant=tenant, detail=detail))
