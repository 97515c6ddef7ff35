"""Tells changes of alerts on the `alerts` topic, keyed by vehicle, as CloudEvents."""

from collections.abc import Sequence
from typing import Any

from contracts.notices import Notice, encode_notice
from contracts.topics import ALERTS
from infra import cloud_events
from infra.connections import KafkaConnection
from infra.kafka import partition_of
from infra.kafka_clients import DELIVERY_LIMIT_S, open_producer, readable_errors


class AlertPublisher:
    """A producer, opened at the first notice."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._topic = connection.topic(ALERTS)
        self._producer: Any = None
        self._count = 0

    def publish(self, notices: Sequence[Notice]) -> None:
        """Returns when the broker has them. Raises UnavailableError; may then be repeated."""
        try:
            with readable_errors(self._connection):
                producer = self._open()
                sent = [self._send(producer, notice) for notice in notices]
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

    def _send(self, producer: Any, notice: Notice) -> Any:  # noqa: ANN401 (no stubs)
        change = notice.change
        return producer.send(
            self._topic,
            encode_notice(notice),
            change.vehicle_id.encode(),
            partition=partition_of(change.vehicle_id, self._count),
            headers=cloud_events.headers(
                f"alert.{change.step}",
                f"/tenants/{change.tenant}",
                notice.notice_id,
                change.time_ms,
            ),
        )

    def _open(self) -> Any:  # noqa: ANN401 (kafka-python has no stubs)
        if self._producer is None:
            self._producer = open_producer(self._connection, linger_ms=0)
            self._count = len(self._producer.partitions_for(self._topic))
        return self._producer
