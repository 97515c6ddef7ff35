"""A producer of records and dead letters that is opened with the first of them."""

import contextlib
from collections.abc import Callable, Sequence

from contracts.dead_letters import DeadLetter
from contracts.errors import UnavailableError
from contracts.records import Record
from infra.connections import KafkaConnection
from infra.kafka import RecordProducer


class LateProducer:
    """Each call returns once the broker has all of it, else raises UnavailableError; it may then be
    repeated, with another producer.
    """

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._producer: RecordProducer | None = None

    def send(self, records: Sequence[Record]) -> None:
        """Send records. Events that are sent again are refused as duplicates."""
        self._through(lambda producer: producer.send(records))

    def refuse(self, letters: Sequence[DeadLetter]) -> None:
        """Send dead letters."""

        def each(producer: RecordProducer) -> None:
            for letter in letters:
                producer.refuse(letter)

        self._through(each)

    def close(self) -> None:
        """Let go of the producer; the next call opens another."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(UnavailableError):
                producer.close()

    def _through(self, hand_over: Callable[[RecordProducer], None]) -> None:
        try:
            if self._producer is None:
                self._producer = RecordProducer(self._connection)
            hand_over(self._producer)
            self._producer.flush()
        except UnavailableError:
            self.close()
            raise
