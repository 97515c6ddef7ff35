"""A producer for many senders at once: packs their records by partition, and tells each of them
when the broker has all of his.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from contracts.codec import encode_message
from contracts.errors import UnavailableError
from contracts.records import Frame, Record
from contracts.topics import TELEMETRY
from infra.connections import KafkaConnection
from infra.kafka import partition_of
from infra.kafka_clients import open_producer, readable_errors

MAX_WAITING_BYTES = 24 * 1024 * 1024
"""Records that may wait for the broker; above that, senders are asked to come again."""
_MAX_RECORDS = 64
_MAX_BYTES = 200_000
_BLOCK_MS = 2_000
_REQUEST_MS = 10_000
_DELIVERY_MS = 15_000


@dataclass
class _Ticket:
    """What one sender waits for: `open` messages have not been acknowledged yet."""

    future: "Future[None]" = field(default_factory=Future)
    open: int = 0
    whole: bool = False


@dataclass
class _Pack:
    """Records of one partition that wait for the rest of their message."""

    records: list[Record] = field(default_factory=list)
    tickets: list[_Ticket] = field(default_factory=list)
    bytes: int = 0


class AckedProducer:
    """Packs records of many senders into messages of `telemetry`. A message leaves when it is full
    or `wait_s` old. Raises UnavailableError when the brokers can't be reached at its start.
    """

    def __init__(self, connection: KafkaConnection, wait_s: float = 0.01) -> None:
        self._connection = connection
        self._topic = connection.topic(TELEMETRY)
        self._producer: Any = open_producer(
            connection,
            linger_ms=5,
            max_block_ms=_BLOCK_MS,
            request_timeout_ms=_REQUEST_MS,
            delivery_timeout_ms=_DELIVERY_MS,
        )
        with readable_errors(connection):
            self._count = len(self._producer.partitions_for(self._topic))
        self._packs: dict[int, _Pack] = {}
        self._waiting = 0
        # Reentrant: a send that fails at once calls back from within.
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._wait_s = wait_s
        self._ticker = threading.Thread(target=self._tick, name="acked-producer", daemon=True)
        self._ticker.start()

    @property
    def waiting_bytes(self) -> int:
        """About how much the broker has not acknowledged yet."""
        return self._waiting

    def send(self, records: Sequence[Record]) -> "Future[None]":
        """Send all; the future is done once the broker has every one, and fails with
        UnavailableError when it may lack some.
        """
        ticket = _Ticket()
        with self._lock:
            for record in records:
                partition = partition_of(record.vehicle_id, self._count)
                pack = self._packs.setdefault(partition, _Pack())
                size = size_of(record)
                if pack.records and pack.bytes + size > _MAX_BYTES:
                    self._post(partition)
                    pack = self._packs.setdefault(partition, _Pack())
                pack.records.append(record)
                pack.bytes += size
                self._waiting += size
                if not pack.tickets or pack.tickets[-1] is not ticket:
                    pack.tickets.append(ticket)
                    ticket.open += 1
                if len(pack.records) >= _MAX_RECORDS:
                    self._post(partition)
            ticket.whole = True
            self._settle([ticket], None)
        return ticket.future

    def close(self) -> None:
        """Send what waits and close."""
        self._closed.set()
        self._ticker.join()
        self._post_all()
        self._producer.close(timeout=_DELIVERY_MS / 1000)

    def _tick(self) -> None:
        while not self._closed.wait(self._wait_s):
            self._post_all()

    def _post_all(self) -> None:
        with self._lock:
            for partition in list(self._packs):
                self._post(partition)

    def _post(self, partition: int) -> None:
        """Send one pack; the lock is held."""
        pack = self._packs.pop(partition)
        payload = encode_message(pack.records)
        key = pack.records[0].vehicle_id.encode()
        try:
            with readable_errors(self._connection):
                sent = self._producer.send(self._topic, payload, key, partition=partition)
        except UnavailableError as error:
            self._waiting -= pack.bytes
            self._settle(pack.tickets, error, done=1)
            return
        sent.add_callback(lambda _: self._done(pack, None))
        sent.add_errback(lambda error: self._done(pack, error))

    def _done(self, pack: _Pack, error: Exception | None) -> None:
        with self._lock:
            self._waiting -= pack.bytes
            self._settle(pack.tickets, error, done=1)

    def _settle(self, tickets: Sequence[_Ticket], error: Exception | None, done: int = 0) -> None:
        for ticket in tickets:
            ticket.open -= done
            if ticket.future.done():
                continue
            if error is not None:
                ticket.future.set_exception(self._sentence(error))
            elif ticket.whole and not ticket.open:
                ticket.future.set_result(None)

    def _sentence(self, error: Exception) -> UnavailableError:
        if isinstance(error, UnavailableError):
            return error
        where = self._connection.bootstrap_servers
        return UnavailableError(f"Kafka at {where} didn't take the records ({error}); send again")


def size_of(record: Record) -> int:
    """About how many bytes a record takes in a message."""
    if isinstance(record, Frame):
        blobs = len(record.signals) + len(record.offsets) + len(record.samples)
        return 80 + len(record.vehicle_id) + blobs
    texts = sum(len(key) + len(value) for key, value in record.detail.items())
    return 80 + len(record.vehicle_id) + 4 * texts
