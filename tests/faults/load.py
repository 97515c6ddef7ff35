"""A steady producer, and what the broker acknowledged to it."""

import itertools
import threading
import time
from collections import defaultdict
from typing import NamedTuple

from kafka.errors import KafkaError

from app.flow.message import Incoming
from contracts.codec import encode_message
from contracts.errors import UnavailableError
from contracts.topics import PARTITIONS, TELEMETRY
from infra.kafka_clients import open_producer
from tests.faults.traffic import START, Parcel, canary, frame

_PATIENCE_S = 900
"""How long the producer keeps a message for a broker that is away."""
_CANARY_PERIOD = 60_000


class Acked(NamedTuple):
    """When a partition's canary of a number was acknowledged."""

    at: float
    number: int


class Load:
    """Sends parcels at a steady rate until stopped, each with its partition's next canary."""

    def __init__(self, settings, parcels, per_second=20.0):
        self._connection = settings.broker()
        self._topic = self._connection.topic(TELEMETRY)
        self._parcels, self._pace = parcels, 1.0 / per_second
        self._producer = open_producer(
            self._connection,
            delivery_timeout_ms=_PATIENCE_S * 1000,
            linger_ms=5,
        )
        self._next = dict.fromkeys(range(PARTITIONS), 0)
        self._lock = threading.Lock()
        self.acked = []
        self.bad = {}
        self.records = 0
        self.refused = 0
        self.canaries = defaultdict(list)
        self._stop, self._goes = threading.Event(), threading.Event()
        self._goes.set()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self._failure = None

    def start(self):
        self._thread.start()
        return self

    def send(self, parcels):
        """Send these now, whatever the pace."""
        for parcel in parcels:
            self._send(parcel)

    def slow_down(self, per_second):
        """From now on so many parcels a second."""
        self._pace = 1.0 / per_second

    def pause(self):
        """Send nothing until `go_on`."""
        self._goes.clear()
        self._producer.flush(_PATIENCE_S)

    def go_on(self):
        self._goes.set()

    def stop(self):
        """Send a last canary everywhere and wait for every acknowledgement."""
        self._stop.set()
        self._goes.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._failure:
            raise self._failure
        for partition in range(PARTITIONS):
            self._send(Parcel(partition))
        self._producer.flush(_PATIENCE_S)
        self._producer.close(timeout=5)

    def halt(self):
        """Stop without waiting for anything."""
        self._stop.set()
        self._goes.set()
        if self._thread.is_alive():
            self._thread.join()
        self._producer.close(timeout=1)

    def is_stored(self, stored, until):
        """Whether the store has every canary that was acknowledged up to this moment."""
        with self._lock:
            for partition, acks in self.canaries.items():
                following = stored[partition] + 1
                if following < len(acks) and acks[following].at <= until:
                    return False
        return True

    def lag(self, stored):
        """Parcels that are acknowledged and not stored."""
        with self._lock:
            return sum(
                max(0, acks[-1].number - stored[partition])
                for partition, acks in self.canaries.items()
            )

    def messages(self):
        """What was acknowledged so far and not taken yet, in order within each partition."""
        with self._lock:
            found, self.acked = self.acked, []
        return sorted(found)

    def _run(self):
        due = time.monotonic()
        try:
            for parcel in self._parcels:
                due = max(due + self._pace, time.monotonic() - 1.0)
                if self._stop.wait(max(0.0, due - time.monotonic())):
                    return
                self._goes.wait()
                self._send(parcel)
        except Exception as error:  # noqa: BLE001 (told at the stop)
            self._failure = error

    def _send(self, parcel):
        number = None
        if parcel.raw is None:
            number = self._next[parcel.partition]
            self._next[parcel.partition] += 1
            at = START + number * _CANARY_PERIOD
            sign = frame(canary(parcel.partition), number, at)
            payload = encode_message([*parcel.records, sign])
        else:
            payload = parcel.raw
        for attempt in itertools.count():
            try:
                future = self._producer.send(self._topic, payload, partition=parcel.partition)
            except (KafkaError, UnavailableError):
                if self._stop.is_set() or attempt > 100:
                    raise
                time.sleep(0.2)
            else:
                break
        records = len(parcel.records) + 1 if number is not None else 1
        bad = None if number is None else parcel.bad
        future.add_callback(lambda found: self._on_ack(found, payload, number, records, bad))
        future.add_errback(self._on_refusal)

    def _on_ack(self, found, payload, number, records, bad):
        with self._lock:
            if bad is None or bad:
                self.bad[found.partition, found.offset] = bad
            message = Incoming(found.partition, found.offset, found.timestamp, payload)
            self.acked.append(message)
            self.records += records
            if number is not None:
                self.canaries[found.partition].append(Acked(time.monotonic(), number))

    def _on_refusal(self, _error):
        with self._lock:
            self.refused += 1
