"""Publishes risk on its topic, with what happened in between, and waits for the broker."""

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any

from contracts.alert_log import Happened, encode_note
from contracts.batches import RiskRows
from contracts.records import VehicleEvent
from contracts.risk import (
    NO_RUL,
    EncodedUpdate,
    encode_columns,
    encode_risk,
    encode_rul,
)
from contracts.topics import RISK
from infra import cloud_events
from infra.connections import KafkaConnection
from infra.kafka import partition_of
from infra.kafka_clients import DELIVERY_LIMIT_S, open_producer, readable_errors

_UPDATES = 256
"""Updates in one message, at most."""


class RiskPublisher:
    """Sends updates to the partition of their vehicle, in order, many to a message.

    Events that end alerts stand between the scores of their vehicle by their time, so that the
    order in the log doesn't depend on how the worker's batches were cut.
    """

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._topic = connection.topic(RISK)
        self._producer: Any = None
        self._count = 0

    def publish(self, batches: Sequence[RiskRows], events: Sequence[VehicleEvent] = ()) -> None:
        """Send everything; returns when the broker has it. Raises UnavailableError; may then be
        called again with the same.
        """
        by_partition: dict[int, list[EncodedUpdate]] = {}
        special = {(event.tenant, event.vehicle_id) for event in events}
        between: list[EncodedUpdate | VehicleEvent] = list(events)
        try:
            with readable_errors(self._connection):
                producer = self._open()
                for update in (update for rows in batches for update in _encoded(rows)):
                    if special and (update.tenant, update.vehicle_id) in special:
                        between.append(update)
                        continue
                    place = partition_of(update.vehicle_id, self._count)
                    by_partition.setdefault(place, []).append(update)
                sent = [
                    self._send(producer, chunk, partition)
                    for partition, found in by_partition.items()
                    for chunk in _chunks(found)
                ]
                for one in sorted(between, key=attrgetter("time_ms")):
                    place = partition_of(one.vehicle_id, self._count)
                    if isinstance(one, EncodedUpdate):
                        sent.append(self._send(producer, [one], place))
                    else:
                        key, note = one.vehicle_id.encode(), encode_note(Happened([one]))
                        sent.append(producer.send(self._topic, note, key, partition=place))
                producer.flush(DELIVERY_LIMIT_S)
                for future in sent:
                    future.get(timeout=DELIVERY_LIMIT_S)
        except BaseException:
            # An idempotent producer that failed may refuse everything afterwards.
            self.close()
            raise

    def _send(self, producer: Any, chunk: list[EncodedUpdate], partition: int) -> Any:  # noqa: ANN401
        first = chunk[0]
        identity = f"{first.vehicle_id}-{first.time_ms}-{len(chunk)}"
        return producer.send(
            self._topic,
            encode_risk(chunk),
            first.vehicle_id.encode(),
            partition=partition,
            headers=cloud_events.headers(
                "risk.scored", f"/tenants/{first.tenant}", identity, first.time_ms
            ),
        )

    def close(self) -> None:
        """Let go of the connection; the next publish opens another."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.close(timeout=1)

    def _open(self) -> Any:  # noqa: ANN401 (kafka-python has no stubs)
        if self._producer is None:
            self._producer = open_producer(self._connection)
            self._count = len(self._producer.partitions_for(self._topic))
        return self._producer


def _encoded(rows: RiskRows) -> Iterator[EncodedUpdate]:
    """The rows one by one, their numbers encoded all at once."""
    modes = encode_columns(rows.modes, rows.risk)
    ruls = [NO_RUL] * len(rows) if rows.rul is None else encode_rul(rows.rul)
    columns = zip(rows.tenant, rows.vehicle_id, rows.time_ms.tolist(), modes, ruls, strict=True)
    for tenant, vehicle, time_ms, mode, rul in columns:
        yield EncodedUpdate(tenant, rows.profile, vehicle, time_ms, rows.model, mode, rul)


def _chunks(found: list[EncodedUpdate]) -> Iterator[list[EncodedUpdate]]:
    for start in range(0, len(found), _UPDATES):
        yield found[start : start + _UPDATES]
