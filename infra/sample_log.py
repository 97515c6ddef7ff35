"""Reads topics of others as a consumer group that commits an offset with a note.

By aiokafka, which Faust runs on as well: it reads record batches in C, a small message in 2.2 us
of CPU against kafka-python's 8.9 (docs/decisions).
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata

from contracts.errors import UnavailableError
from infra.connections import KafkaConnection
from infra.kafka_clients import HEARTBEAT_MS, SESSION_MS, tls_context
from infra.offsets import committed_notes

Place = tuple[str, int]
"""Topic and partition."""
_FETCH_BYTES = 4 * 1024 * 1024


class SampleLog:
    """A member of the group `group` that reads `topics` (their names as on the brokers).

    `on_lost` is told the partitions that another member has from now on; it is not called while
    `steady` is held.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        group: str,
        topics: Collection[str],
        on_lost: Callable[[Collection[Place]], None],
    ) -> None:
        self._connection, self._group, self._topics = connection, group, tuple(topics)
        self._on_lost = on_lost
        self.steady = asyncio.Lock()
        self._consumer: Any = None

    async def start(self) -> None:
        """Join the group. Raises UnavailableError."""
        self._consumer = AIOKafkaConsumer(
            **_options(self._connection),
            group_id=self._connection.group(self._group),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            fetch_max_bytes=4 * _FETCH_BYTES,
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        self._consumer.subscribe(list(self._topics), listener=_Listener(self))
        try:
            await self._consumer.start()
        except (KafkaError, OSError) as error:
            await self.stop()
            raise self._away(error) from error

    async def stop(self) -> None:
        """Leave the group."""
        await self._consumer.stop()

    async def poll(self, wait_s: float, most: int) -> Mapping[Place, Sequence[Any]]:
        """Messages that came, by topic and partition, at most `most`; waits for the first. Raises
        UnavailableError.
        """
        try:
            found = await self._consumer.getmany(timeout_ms=round(wait_s * 1000), max_records=most)
        except (KafkaError, OSError) as error:
            raise self._away(error) from error
        return {(place.topic, place.partition): messages for place, messages in found.items()}

    async def notes(self) -> Mapping[Place, tuple[int, str]]:
        """What the group committed last, with its notes. Raises UnavailableError."""
        return await asyncio.to_thread(committed_notes, self._connection, self._group, self._topics)

    async def commit(self, offsets: Mapping[Place, tuple[int, str]]) -> bool:
        """Commit an offset with a note for each partition; False where the group has moved on, and
        then for none of them. Raises UnavailableError.
        """
        places = {
            TopicPartition(*place): OffsetAndMetadata(*given) for place, given in offsets.items()
        }
        try:
            await self._consumer.commit(places)
        except (CommitFailedError, IllegalStateError):
            return False
        except (KafkaError, OSError) as error:
            raise self._away(error) from error
        return True

    async def revoked(self, places: Collection[Any]) -> None:
        """The group takes partitions away, once nothing is under way."""
        async with self.steady:
            self._on_lost([(place.topic, place.partition) for place in places])

    def _away(self, error: Exception) -> UnavailableError:
        where = self._connection.bootstrap_servers
        return UnavailableError(
            f"Kafka at {where} doesn't answer ({error!r:.200}); see `telltale status` and "
            "TELLTALE_KAFKA__BOOTSTRAP_SERVERS"
        )


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no stubs
    def __init__(self, log: SampleLog) -> None:
        self._log = log

    async def on_partitions_revoked(self, revoked: Collection[Any]) -> None:
        await self._log.revoked(revoked)

    async def on_partitions_assigned(self, assigned: Collection[Any]) -> None:
        pass


def _options(connection: KafkaConnection) -> dict[str, Any]:
    protocol = connection.security_protocol
    chosen: dict[str, Any] = {
        "bootstrap_servers": connection.servers,
        "security_protocol": protocol,
        "client_id": "telltale-gateway",
    }
    if protocol.endswith("SSL"):
        chosen["ssl_context"] = tls_context(connection)
    if protocol.startswith("SASL"):
        chosen |= {
            "sasl_mechanism": connection.sasl_mechanism,
            "sasl_plain_username": connection.sasl_username,
            "sasl_plain_password": connection.sasl_password.get_secret_value(),
        }
    return chosen
