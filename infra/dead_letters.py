"""Reads the `dead-letters` topic and sends letters back where they came from."""

from collections.abc import Iterable, Iterator, Mapping
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


class Place(NamedTuple):
    """How far letters went back: all before `offset`, of a reason all before `reasons[reason]`."""

    offset: int
    reasons: Mapping[str, int]

    def after(self, offset: int, reason: str) -> "Place":
        """The place once letters up to `offset` (of one reason, if it is given) went back."""
        if reason:
            return Place(self.offset, {**self.reasons, reason: max(offset, self.of(reason))})
        end = max(offset, self.offset)
        return Place(end, {name: at for name, at in self.reasons.items() if at > end})

    def of(self, reason: str) -> int:
        """The first offset whose letter with this reason has not gone back."""
        return max(self.offset, self.reasons.get(reason, 0))


def read_letters(connection: KafkaConnection, start: int = 0) -> Iterator[Kept]:
    """Every letter from an offset up to the topic's present end.

    Raises UnavailableError. A message that isn't a dead letter is passed over.
    """
    place = TopicPartition(connection.topic(DEAD_LETTERS), 0)
    consumer = open_consumer(connection)
    try:
        with readable_errors(connection):
            consumer.assign([place])
            end = consumer.end_offsets([place])[place]
            begin = consumer.beginning_offsets([place])[place]
            consumer.seek(place, max(start, begin))
            while consumer.position(place) < end:
                for messages in consumer.poll(timeout_ms=_POLL_MS).values():
                    for message in messages:
                        if message.offset < end:
                            yield from _letter(message.offset, message.value)
    finally:
        consumer.close()


def replay(connection: KafkaConnection, reason: str = "", *, again: bool = False) -> Replayed:
    """Send the original bytes back to their topic and partition, each letter once, whether it is
    asked for by its reason or with all others.

    `reason`: only these; `again`: also those that went back before. Raises UnavailableError.
    """
    before = Place(0, {}) if again else _place(connection)
    producer = open_producer(connection)
    places = {connection.topic(topic.name) for topic in TOPICS}
    sent = left = 0
    last = -1
    try:
        for kept in read_letters(connection, before.of(reason)):
            last = kept.offset
            letter = kept.letter
            if (reason and letter.reason != reason) or kept.offset < before.of(letter.reason):
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
    if last >= 0:
        _commit(connection, _place(connection).after(last + 1, reason))
    return Replayed(sent, left)


def replay_withheld(connection: KafkaConnection, accounts: Iterable[Withheld]) -> Replayed:
    """Read withheld messages from the log itself and send them again. `left` are offsets that the
    log no longer holds, or of a topic of others, which the gateway reads. Raises UnavailableError.

    A message is sent whole: what was sound in it is refused as a duplicate.
    """
    ours = {TELEMETRY, connection.topic(TELEMETRY)}
    producer = open_producer(connection)
    sent = wanted = 0
    try:
        for account in accounts:
            if account.topic not in ours:
                wanted += sum(end - start for start, end in account.spans)
                continue
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


def _place(connection: KafkaConnection) -> Place:
    """What was committed; a commit's note holds the reasons."""
    consumer = open_consumer(connection, group=connection.group(REPLAY_GROUP))
    try:
        with readable_errors(connection):
            found = consumer.committed(
                TopicPartition(connection.topic(DEAD_LETTERS), 0), metadata=True
            )
    finally:
        consumer.close()
    if found is None or found.offset < 0:
        return Place(0, {})
    return Place(found.offset, _reasons(found.metadata))


def _reasons(note: str) -> dict[str, int]:
    try:
        return msgspec.json.decode(note or "{}", type=dict[str, int])
    except msgspec.DecodeError:
        return {}


def _commit(connection: KafkaConnection, reached: Place) -> None:
    place = TopicPartition(connection.topic(DEAD_LETTERS), 0)
    consumer = open_consumer(connection, group=connection.group(REPLAY_GROUP))
    try:
        with readable_errors(connection):
            consumer.assign([place])
            note = msgspec.json.encode(reached.reasons).decode()
            consumer.commit({place: OffsetAndMetadata(reached.offset, note, -1)})
    finally:
        consumer.close()


def _letter(offset: int, value: bytes) -> Iterator[Kept]:
    try:
        yield Kept(offset, msgspec.msgpack.decode(value, type=DeadLetter))
    except msgspec.DecodeError:
        return
