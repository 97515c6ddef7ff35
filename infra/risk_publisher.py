"""Publishes risk on its topic and waits for the broker."""

from collections.abc import Iterator, Sequence
from typing import Any

from contracts.batches import RiskRows
from contracts.risk import ModeRisk, RiskUpdate, Rul, encode_risk
from contracts.topics import RISK
from infra.connections import KafkaConnection
from infra.kafka import partition_of
from infra.kafka_clients import DELIVERY_LIMIT_S, open_producer, readable_errors

_UPDATES = 256
"""Updates in one message, at most."""


class RiskPublisher:
    """Sends updates to the partition of their vehicle, in order, many to a message."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._topic = connection.topic(RISK)
        self._producer: Any = None
        self._count = 0

    def publish(self, batches: Sequence[RiskRows]) -> None:
        """Send all rows; returns when the broker has them. Raises UnavailableError; may then be
        called again with the same rows.
        """
        by_partition: dict[int, list[RiskUpdate]] = {}
        try:
            with readable_errors(self._connection):
                producer = self._open()
                for update in (update for rows in batches for update in updates(rows)):
                    place = partition_of(update.vehicle_id, self._count)
                    by_partition.setdefault(place, []).append(update)
                sent = [
                    producer.send(
                        self._topic,
                        encode_risk(chunk),
                        chunk[0].vehicle_id.encode(),
                        partition=partition,
                    )
                    for partition, found in by_partition.items()
                    for chunk in _chunks(found)
                ]
                producer.flush(DELIVERY_LIMIT_S)
                for future in sent:
                    future.get(timeout=DELIVERY_LIMIT_S)
        except BaseException:
            # An idempotent producer that failed may refuse everything afterwards.
            self.close()
            raise

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


def updates(rows: RiskRows) -> Iterator[RiskUpdate]:
    """The rows one by one."""
    times, risks = rows.time_ms.tolist(), rows.risk.tolist()
    ruls = None if rows.rul is None else rows.rul.tolist()
    for index, (tenant, vehicle) in enumerate(zip(rows.tenant, rows.vehicle_id, strict=True)):
        modes = [ModeRisk(mode, *risk) for mode, risk in zip(rows.modes, risks[index], strict=True)]
        rul = None if ruls is None else Rul(*ruls[index])
        yield RiskUpdate(tenant, rows.profile, vehicle, times[index], rows.model, modes, rul)


def _chunks(found: list[RiskUpdate]) -> Iterator[list[RiskUpdate]]:
    for start in range(0, len(found), _UPDATES):
        yield found[start : start + _UPDATES]
