"""Where topics end and how far consumer groups are."""

from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from kafka import TopicPartition
from kafka.admin import OffsetSpec
from kafka.structs import OffsetAndMetadata

from contracts.topics import TOPICS
from infra.connections import KafkaConnection
from infra.kafka_clients import open_admin, open_consumer, readable_errors


@dataclass(frozen=True)
class TopicOffsets:
    """A topic's first and next offsets by partition."""

    topic: str
    start: Mapping[int, int]
    end: Mapping[int, int]

    @property
    def messages(self) -> int:
        """How many messages it holds."""
        return sum(self.end.values()) - sum(self.start.values())


def topic_offsets(connection: KafkaConnection) -> dict[str, TopicOffsets]:
    """Offsets of every topic of ours that exists, by its plain name. Raises UnavailableError."""
    with open_admin(connection) as admin:
        present = set(admin.list_topics())
        ours = {t.name: connection.topic(t.name) for t in TOPICS}
        found = {name: full for name, full in ours.items() if full in present}
        described = admin.describe_topics(list(found.values())) if found else []
        partitions = [
            TopicPartition(topic["name"], partition["partition_index"])
            for topic in described
            for partition in topic["partitions"]
        ]
        ends, starts = (
            admin.list_partition_offsets(dict.fromkeys(partitions, spec)) if partitions else {}
            for spec in (OffsetSpec.LATEST, OffsetSpec.EARLIEST)
        )
    return {
        name: TopicOffsets(
            full,
            {tp.partition: at.offset for tp, at in starts.items() if tp.topic == full},
            {tp.partition: at.offset for tp, at in ends.items() if tp.topic == full},
        )
        for name, full in found.items()
    }


def group_lags(connection: KafkaConnection) -> dict[str, dict[str, int]]:
    """Lag of every consumer group by topic: messages not yet committed. Raises UnavailableError."""
    offsets = {topic.topic: topic for topic in topic_offsets(connection).values()}
    with open_admin(connection) as admin:
        groups = [group["group_id"] for group in admin.list_groups()]
        ours = [group for group in groups if group.startswith(connection.topic_prefix)]
        committed = admin.list_group_offsets(ours) if ours else {}
    lags: dict[str, dict[str, int]] = {}
    for group, partitions in committed.items():
        for place, at in partitions.items():
            topic = offsets.get(place.topic)
            if topic is not None and at.offset >= 0:
                behind = max(0, topic.end.get(place.partition, 0) - at.offset)
                counts = lags.setdefault(group, {})
                counts[place.topic] = counts.get(place.topic, 0) + behind
    return lags


def group_lag(connection: KafkaConnection, group: str, topic: str) -> int:
    """Messages of a topic that a group of ours has not committed yet; all, while it never did.

    Raises UnavailableError.
    """
    full = connection.topic(topic)
    committed = committed_offsets(connection, group, topic)
    with open_admin(connection) as admin:
        described = admin.describe_topics([full])[0]["partitions"]
        places = [TopicPartition(full, one["partition_index"]) for one in described]
        ends, starts = (
            admin.list_partition_offsets(dict.fromkeys(places, spec))
            for spec in (OffsetSpec.LATEST, OffsetSpec.EARLIEST)
        )
    done = {place: committed.get(place.partition, starts[place].offset) for place in places}
    return sum(max(0, ends[place].offset - done[place]) for place in places)


def group_members(connection: KafkaConnection, group: str) -> int:
    """How many consumers are in a group of ours now. Raises UnavailableError."""
    name = connection.group(group)
    with open_admin(connection) as admin:
        if not _exists(admin, name):
            return 0
        return len(admin.describe_groups([name])[name]["members"])


def committed_notes(
    connection: KafkaConnection, group: str, topics: Collection[str]
) -> dict[tuple[str, int], tuple[int, str]]:
    """Offset and note that a group of ours committed for topics of whatever name, by topic and
    partition. Raises UnavailableError.
    """
    name = connection.group(group)
    with open_admin(connection) as admin:
        found = admin.list_group_offsets([name])[name] if _exists(admin, name) else {}
    return {
        (place.topic, place.partition): (at.offset, at.metadata or "")
        for place, at in found.items()
        if place.topic in topics and at.offset >= 0
    }


def committed_offsets(connection: KafkaConnection, group: str, topic: str) -> dict[int, int]:
    """What a group of ours committed of a topic, by partition. Raises UnavailableError."""
    name, full = connection.group(group), connection.topic(topic)
    with open_admin(connection) as admin:
        found = admin.list_group_offsets([name])[name] if _exists(admin, name) else {}
    return {
        place.partition: at.offset
        for place, at in found.items()
        if place.topic == full and at.offset >= 0
    }


def begin_group(connection: KafkaConnection, group: str, topic: str, since_ms: int) -> None:
    """Have a group of ours that never read a topic begin with what the broker got since then; one
    that did goes on where it was. No member of it may run yet. Raises UnavailableError.
    """
    if committed_offsets(connection, group, topic):
        return
    full = connection.topic(topic)
    with (
        readable_errors(connection),
        # By a consumer: it waits for a broker that has to make its table of groups first.
        closing(open_consumer(connection, group=connection.group(group))) as consumer,
    ):
        numbers = consumer.partitions_for_topic(full) or ()
        places = [TopicPartition(full, number) for number in numbers]
        consumer.assign(places)
        # Ends come before what is since then: what arrives in between is not passed over.
        ends = consumer.end_offsets(places)
        since = consumer.offsets_for_times(dict.fromkeys(places, since_ms))
        first = {at: since[at].offset if since[at] else ends[at] for at in places}
        consumer.commit({at: OffsetAndMetadata(offset, "", -1) for at, offset in first.items()})


def _exists(admin: Any, name: str) -> bool:  # noqa: ANN401 (kafka-python has no stubs)
    # On a fresh broker nobody coordinates groups yet, so that one can only be listed.
    return any(group["group_id"] == name for group in admin.list_groups())
