"""Topics, and the producer that packs records by partition."""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Self

import msgspec
from kafka.errors import KafkaError, TopicAlreadyExistsError
from kafka.partitioner.default import murmur2

from contracts.codec import encode_message
from contracts.dead_letters import DeadLetter
from contracts.errors import UnavailableError
from contracts.records import Frame, Record
from contracts.topics import DEAD_LETTERS, TELEMETRY, TOPICS
from infra.connections import KafkaConnection
from infra.kafka_clients import DELIVERY_LIMIT_S, open_admin, open_producer, readable_errors

MAX_PAYLOAD_BYTES = 900_000
_IN_FLIGHT_BYTES = 32 * 1024 * 1024


@lru_cache(maxsize=1 << 18)
def partition_of(vehicle_id: str, partitions: int) -> int:
    """The partition of a vehicle: Kafka's own murmur2 of its id, so that every client agrees."""
    return int(murmur2(vehicle_id.encode()) & 0x7FFFFFFF) % partitions


def partition_count(connection: KafkaConnection, topic: str) -> int:
    """How many partitions a topic of ours has. Raises UnavailableError."""
    with open_admin(connection) as admin:
        return len(admin.describe_topics([connection.topic(topic)])[0]["partitions"])


def ensure_topics(connection: KafkaConnection) -> None:
    """Create the topics that are missing. Where `telemetry` is there already, those keyed by
    vehicle get its number of partitions, whatever is set. Raises UnavailableError.
    """
    with open_admin(connection) as admin:
        present = set(admin.list_topics())
        known = connection.topic(TELEMETRY)
        keyed = connection.partitions
        if known in present:
            keyed = len(admin.describe_topics([known])[0]["partitions"])
        missing = {
            connection.topic(topic.name): {
                "num_partitions": keyed if topic.keyed else topic.partitions,
                "replication_factor": connection.replication_factor,
                "configs": topic.config,
            }
            for topic in TOPICS
            if connection.topic(topic.name) not in present
        }
        if not missing:
            return
        # Another process may create them at the same time.
        with contextlib.suppress(TopicAlreadyExistsError):
            admin.create_topics(missing)
        admin.wait_for_topics(list(missing), DELIVERY_LIMIT_S * 1000)


class _Pack:
    """Records that wait for the rest of their message."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.bytes = 0
        self.since = 0.0


class RecordProducer:
    """A RecordSink: packs records of one partition into messages of `telemetry`.

    A message leaves when it has `max_records`, `max_bytes` or has waited `max_wait_s`. A vehicle's
    records keep their order. `on_refused` also gets every refused letter, at the latest at flush.
    `send` waits while too much is under way, so that a slow broker slows the sender.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        on_refused: Callable[[Sequence[DeadLetter]], None] | None = None,
        *,
        max_records: int = 64,
        max_bytes: int = 200_000,
        max_wait_s: float = 0.02,
    ) -> None:
        self._connection = connection
        self._on_refused = on_refused
        self._limits = (max_records, max_bytes, max_wait_s)
        self._topic = connection.topic(TELEMETRY)
        self._producer = open_producer(connection)
        with readable_errors(connection):
            self._count = len(self._producer.partitions_for(self._topic))
        self._packs: dict[int, _Pack] = {}
        self._letters: list[DeadLetter] = []
        self._lock = threading.RLock()
        self._room = threading.Condition()
        self._under_way = 0
        self._error: Exception | None = None
        self._closed = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="record-producer", daemon=True)
        self._ticker.start()

    def send(self, records: Sequence[Record]) -> None:
        """Pack and send. Raises UnavailableError when what was sent before failed."""
        self._raise_error()
        now = time.monotonic()
        max_records, max_bytes, _ = self._limits
        with self._lock:
            for record in records:
                partition = partition_of(record.vehicle_id, self._count)
                pack = self._packs.setdefault(partition, _Pack())
                size = _size(record)
                if pack.records and pack.bytes + size > max_bytes:
                    self._post(partition, pack)
                if not pack.records:
                    pack.since = now
                pack.records.append(record)
                pack.bytes += size
                if len(pack.records) >= max_records:
                    self._post(partition, pack)

    def refuse(self, letter: DeadLetter) -> None:
        """Send a dead letter; an overlong payload is cut, and its detail says so."""
        if len(letter.payload) > MAX_PAYLOAD_BYTES:
            detail = f"{letter.detail} (cut from {len(letter.payload)} bytes)"
            payload = letter.payload[:MAX_PAYLOAD_BYTES]
            letter = msgspec.structs.replace(letter, detail=detail, payload=payload)
        self._put(
            self._connection.topic(DEAD_LETTERS),
            msgspec.msgpack.encode(letter),
            letter.topic.encode(),
            0,
        )
        with self._lock:
            self._letters.append(letter)

    def flush(self) -> None:
        """Wait until the broker has acknowledged everything. Raises UnavailableError."""
        with self._lock:
            for partition, pack in self._packs.items():
                self._post(partition, pack)
            letters, self._letters = self._letters, []
        with readable_errors(self._connection):
            self._producer.flush(DELIVERY_LIMIT_S)
        self._raise_error()
        if letters and self._on_refused:
            self._on_refused(letters)

    def close(self) -> None:
        """Flush and close. Raises UnavailableError."""
        self._closed.set()
        self._ticker.join()
        try:
            self.flush()
        finally:
            self._producer.close(timeout=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _post(self, partition: int, pack: _Pack) -> None:
        """Send what the pack holds and empty it."""
        if not pack.records:
            return
        records, pack.records, pack.bytes = pack.records, [], 0
        payload = encode_message(records)
        self._put(self._topic, payload, records[0].vehicle_id.encode(), partition)

    def _put(self, topic: str, payload: bytes, key: bytes, partition: int) -> None:
        with self._room:
            fits = self._room.wait_for(
                lambda: self._under_way < _IN_FLIGHT_BYTES or self._error, DELIVERY_LIMIT_S
            )
            self._under_way += len(payload)
        if not fits:
            msg = f"Kafka at {self._connection.bootstrap_servers} is too slow or away; try again"
            raise UnavailableError(msg)
        with readable_errors(self._connection):
            future = self._producer.send(topic, payload, key, partition=partition)
        future.add_callback(lambda _: self._done(len(payload), None))
        future.add_errback(lambda error: self._done(len(payload), error))

    def _done(self, size: int, error: Exception | None) -> None:
        with self._room:
            self._under_way -= size
            self._error = self._error or error
            self._room.notify_all()

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error:
            with readable_errors(self._connection):
                raise error if isinstance(error, KafkaError) else KafkaError(repr(error))

    def _tick(self) -> None:
        """Send packs that have waited long enough."""
        wait = self._limits[2]
        while not self._closed.wait(wait):
            before = time.monotonic() - wait
            with self._lock:
                for partition, pack in self._packs.items():
                    if pack.records and pack.since < before:
                        self._tick_post(partition, pack)

    def _tick_post(self, partition: int, pack: _Pack) -> None:
        try:
            self._post(partition, pack)
        except UnavailableError as error:
            self._error = self._error or error


def _size(record: Record) -> int:
    """About how many bytes a record takes in a message."""
    blobs: Any = (
        (record.signals, record.offsets, record.samples) if isinstance(record, Frame) else ()
    )
    return 80 + len(record.vehicle_id) + sum(map(len, blobs))
