"""Reads a topic's log beside the consumer group: where it begins, and what it holds in a span."""

from typing import Any, NamedTuple

from kafka import TopicPartition

from infra.connections import KafkaConnection
from infra.kafka_clients import open_consumer, readable_errors

_POLL_MS = 2_000


class LogMessage(NamedTuple):
    """A message of the log; `time_ms` is the broker's timestamp."""

    offset: int
    time_ms: int
    payload: bytes


class LogReader:
    """Reads one topic, outside of any group. Every call raises UnavailableError."""

    def __init__(self, connection: KafkaConnection, topic: str) -> None:
        self._connection = connection
        self._topic = topic
        self._consumer: Any = None

    def start(self, partition: int) -> int:
        """The first offset that the log still holds."""
        place = TopicPartition(self._topic, partition)
        with readable_errors(self._connection):
            return int(self._open().beginning_offsets([place])[place])

    def end(self, partition: int) -> int:
        """The offset that the next message will get."""
        place = TopicPartition(self._topic, partition)
        with readable_errors(self._connection):
            return int(self._open().end_offsets([place])[place])

    def read(self, partition: int, start: int, until: int) -> tuple[list[LogMessage], int]:
        """Some messages from `start` to `until` (excluded), and the offset to read on from:
        between two messages, and from the last one to there, the log holds nothing.
        """
        place = TopicPartition(self._topic, partition)
        with readable_errors(self._connection):
            consumer = self._open()
            consumer.assign([place])
            consumer.seek(place, start)
            records = consumer.poll(timeout_ms=_POLL_MS, max_records=500).get(place, [])
            position = int(consumer.position(place))
        found = [
            LogMessage(record.offset, record.timestamp, record.value or b"")
            for record in records
            if record.offset < until
        ]
        return found, min(position, until)

    def close(self) -> None:
        """Let go of the connection; the next call opens another."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()

    def _open(self) -> Any:  # noqa: ANN401 (kafka-python has no stubs)
        if self._consumer is None:
            self._consumer = open_consumer(self._connection)
        return self._consumer
