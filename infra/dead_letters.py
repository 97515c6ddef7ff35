"""Reads the `dead-letters` topic and sends letters back where they came from."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec
from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata

from contracts.dead_letters import DeadLetter, Withheld
from contracts.topics import DEAD_LETTERS, TELEMETRY, TOPICS
from infra.connections import KafkaConnection
from infra.kafka_clients import open_consumer, open_producer, readable_errors
from infra.log_reader import LogReader

REPLAY_GROUP = "telltale-dead-letters-replay"
_POLL_MS = 1000


class Kept(NamedTuple):
    """A dead letter at its offset of the topic."""

    offset: int
    letter: DeadLetter


class Replayed(NamedTuple):
    """How many letters went back, and how many can't because they never were messages."""

    sent: int
    left: int


def read_letters(connection: KafkaConnection, group: str | None = None) -> Iterator[Kept]:
    """Every letter up to the topic's present end, from the start or from the group's commit.

    Raises UnavailableError. A message that isn't a dead letter is passed over.
    """
    place = TopicPartition(connection.topic(DEAD_LETTERS), 0)
    consumer = open_consumer(connection, group=group and connection.group(group))
    try:
        with readable_errors(connection):
            consumer.assign([place])
            end = consumer.end_offsets([place])[place]
            if not group:
                consumer.seek_to_beginning(place)
            while consumer.position(place) < end:
                for messages in consumer.poll(timeout_ms=_POLL_MS).values():
                    for message in messages:
                        if message.offset < end:
                            yield from _letter(message.offset, message.value)
    finally:
        consumer.close()


def replay(connection: KafkaConnection, reason: str = "", *, again: bool = False) -> Replayed:
    """Send the original bytes back to their topic and partition, each letter once.

    `reason`: only these; `again`: also those that went back before. Raises UnavailableError.
    """
    producer = open_producer(connection)
    places = {connection.topic(topic.name) for topic in TOPICS}
    sent = left = 0
    last = -1
    try:
        for kept in read_letters(connection, None if again else REPLAY_GROUP):
            last = kept.offset
            letter = kept.letter
            if reason and letter.reason != reason:
                continue
            place = connection.topic(TELEMETRY) if letter.topic == TELEMETRY else letter.topic
            if place not in places or not letter.payload:
                left += 1
                continue
            with readable_errors(connection):
                producer.send(place, letter.payload, partition=letter.partition)
            sent += 1
        with readable_errors(connection):
            producer.flush(30)
    finally:
        producer.close(timeout=1)
    if last >= 0 and not reason:
        _commit(connection, last + 1)
    return Replayed(sent, left)


def replay_withheld(connection: KafkaConnection, accounts: Iterable[Withheld]) -> Replayed:
    """Read withheld messages from the log itself and send them again. `left` are offsets that the
    log no longer holds. Raises UnavailableError.

    A message is sent whole: what was sound in it is refused as a duplicate.
    """
    producer = open_producer(connection)
    sent = wanted = 0
    try:
        for account in accounts:
            reader = LogReader(connection, connection.topic(TELEMETRY))
            try:
                for start, end in account.spans:
                    wanted += end - start
                    for payload in _span(reader, account.partition, start, end):
                        with readable_errors(connection):
                            topic = connection.topic(TELEMETRY)
                            producer.send(topic, payload, partition=account.partition)
                        sent += 1
            finally:
                reader.close()
        with readable_errors(connection):
            producer.flush(30)
    finally:
        producer.close(timeout=1)
    return Replayed(sent, wanted - sent)


def _span(reader: LogReader, partition: int, start: int, end: int) -> Iterator[bytes]:
    at = max(start, reader.start(partition))
    while at < end:
        found, at = reader.read(partition, at, end)
        for message in found:
            yield message.payload


def _commit(connection: KafkaConnection, offset: int) -> None:
    place = TopicPartition(connection.topic(DEAD_LETTERS), 0)
    consumer = open_consumer(connection, group=connection.group(REPLAY_GROUP))
    try:
        with readable_errors(connection):
            consumer.assign([place])
            consumer.commit({place: OffsetAndMetadata(offset, "", -1)})
    finally:
        consumer.close()


def _letter(offset: int, value: bytes) -> Iterator[Kept]:
    try:
        yield Kept(offset, msgspec.msgpack.decode(value, type=DeadLetter))
    except msgspec.DecodeError:
        return
