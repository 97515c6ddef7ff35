"""Sends what alerts taught into the vehicles' own histories: a finding is a label for training."""

import contextlib
from collections.abc import Sequence

from contracts.errors import UnavailableError
from contracts.records import VehicleEvent
from infra.connections import KafkaConnection
from infra.kafka import RecordProducer


class Reporter:
    """A producer of `telemetry`, opened with the first finding."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._producer: RecordProducer | None = None

    def report(self, events: Sequence[VehicleEvent]) -> None:
        """Send and wait. Raises UnavailableError; may then be repeated: a second one of the same
        vehicle, kind, code and time is refused as a duplicate.
        """
        try:
            if self._producer is None:
                self._producer = RecordProducer(self._connection)
            self._producer.send(events)
            self._producer.flush()
        except UnavailableError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the producer; the next finding opens another."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(UnavailableError):
                producer.close()
