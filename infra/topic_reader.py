"""Reads a topic as a member of a group that commits what was dealt with."""

from typing import Any, Final, NamedTuple

from kafka.errors import CommitFailedError

from infra.connections import KafkaConnection
from infra.kafka_clients import HEARTBEAT_MS, SESSION_MS, open_consumer, readable_errors

_POLL_MS: Final = 500
_MOST: Final = 200
_MEMBER: Final = {"session_timeout_ms": SESSION_MS, "heartbeat_interval_ms": HEARTBEAT_MS}
"""As the Faust apps: one that was killed makes room for another soon."""


class Sent(NamedTuple):
    """A message; `time_ms` is the broker's timestamp."""

    partition: int
    offset: int
    time_ms: int
    payload: bytes


class TopicReader:
    """Opened at the first poll. Every call raises UnavailableError."""

    def __init__(self, connection: KafkaConnection, topic: str, group: str) -> None:
        self._connection = connection
        self._group = connection.group(group)
        self.topic = connection.topic(topic)
        self._consumer: Any = None

    def poll(self) -> list[Sent]:
        """What came since; empty after half a second without any."""
        with readable_errors(self._connection):
            if self._consumer is None:
                self._consumer = open_consumer(
                    self._connection, self.topic, group=self._group, **_MEMBER
                )
            batches = self._consumer.poll(timeout_ms=_POLL_MS, max_records=_MOST)
        return [
            Sent(one.partition, one.offset, one.timestamp, one.value or b"")
            for batch in batches.values()
            for one in batch
        ]

    def commit(self) -> None:
        """All that was polled is dealt with. A group that moved on meanwhile repeats it."""
        with readable_errors(self._connection):
            try:
                self._consumer.commit()
            except CommitFailedError:
                self.close()

    def close(self) -> None:
        """Leave the group; the next poll joins again, at the last commit."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()
