"""A Faust app from connection settings: raw bytes, no tables, no web, offsets committed by us.

Faust's own acknowledgements are switched off (`acks=False`). They would acknowledge messages that
were skipped in a rebalance, commit past a hole of one offset, and keep every message alive until
the next snapshot; we know the offset that a snapshot covers and commit exactly that.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import faust
from aiokafka.errors import KafkaError
from faust.types import TP

from infra.connections import KafkaConnection
from infra.faust_consumer import QuickConsumer
from infra.kafka_clients import HEARTBEAT_MS, SESSION_MS, tls_context

_FETCH_BYTES = 4 * 1024 * 1024


def create_app(connection: KafkaConnection, group: str, folder: Path, buffered: int) -> Any:  # noqa: ANN401 (faust is untyped here)
    """A Faust app of this consumer group. `folder` takes what Faust insists on writing,
    `buffered` messages wait in memory at most before fetching stops.
    """
    app = faust.App(
        connection.group(group),
        broker=";".join(f"aiokafka://{server}" for server in connection.servers),
        broker_credentials=_credentials(connection),
        broker_session_timeout=SESSION_MS / 1_000,
        broker_heartbeat_interval=HEARTBEAT_MS / 1_000,
        broker_request_timeout=40.0,
        broker_max_poll_records=buffered,
        broker_commit_livelock_soft_timeout=1e9,
        consumer_max_fetch_size=_FETCH_BYTES,
        consumer_auto_offset_reset="earliest",
        key_serializer="raw",
        value_serializer="raw",
        processing_guarantee="at_least_once",
        stream_wait_empty=False,
        stream_buffer_maxsize=buffered,
        stream_processing_timeout=1e9,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        worker_redirect_stdouts=False,
        datadir=str(folder),
        autodiscover=False,
    )
    app.transport.Consumer = QuickConsumer
    return app


def raw_topic(app: Any, name: str) -> Any:  # noqa: ANN401 (faust is untyped here)
    """A topic of raw bytes that Faust doesn't acknowledge."""
    return app.topic(
        name,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        acks=False,
    )


async def commit(app: Any, topic: str, offsets: Mapping[int, int]) -> bool:  # noqa: ANN401
    """Commit the offset that comes next for each partition of ours; False when the group has
    moved on meanwhile.
    """
    mine = app.consumer.assignment()
    places = {TP(topic, partition): offset for partition, offset in offsets.items()}
    kept = {place: offset for place, offset in places.items() if place in mine}
    # The public Consumer.commit() takes offsets from acknowledgements only.
    return bool(kept) and bool(await app.consumer._commit(kept))  # noqa: SLF001


def highwater(app: Any, place: Any) -> int | None:  # noqa: ANN401
    """The offset after a partition's newest message; None while nobody knows, or where the
    partition has gone elsewhere since its place was looked up.
    """
    try:
        found: int | None = app.consumer.highwater(place)
    except (AssertionError, AttributeError):
        # aiokafka asserts that it is ours, and has no assignment at all within a rebalance.
        return None
    return found


async def is_behind(app: Any, place: Any, patience_s: float) -> bool:  # noqa: ANN401
    """Whether the log of a partition of ours goes on after what was fetched; False too while
    nobody knows, in a rebalance or without the broker.
    """
    end = highwater(app, place)
    if not end:
        return False
    try:
        position = await asyncio.wait_for(app.consumer.position(place), patience_s)
    except (TimeoutError, KafkaError):
        return False
    return position is not None and position < end


def _credentials(connection: KafkaConnection) -> Any:  # noqa: ANN401 (faust is untyped here)
    protocol = connection.security_protocol
    context = tls_context(connection) if protocol.endswith("SSL") else None
    if protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=connection.sasl_username,
            password=connection.sasl_password.get_secret_value(),
            mechanism=connection.sasl_mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None
