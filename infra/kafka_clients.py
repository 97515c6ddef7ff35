"""kafka-python clients from connection settings: TLS, SASL, and one sentence when it fails."""

import contextlib
import socket
import ssl
from collections.abc import Iterator, Sequence
from typing import Any

import stamina
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import (
    AuthorizationError,
    KafkaError,
    SaslAuthenticationFailedError,
)

from contracts.errors import UnavailableError
from infra.connections import KafkaConnection

CONNECT_LIMIT_S = 10
DELIVERY_LIMIT_S = 30
SESSION_MS = 6_000
"""A member of a group that is gone is noticed after so long: the least that a broker allows unless
it is set otherwise.
"""
HEARTBEAT_MS = 2_000


def options(connection: KafkaConnection) -> dict[str, Any]:
    """Arguments that every kafka-python client of this connection takes."""
    chosen: dict[str, Any] = {
        "bootstrap_servers": connection.servers,
        "security_protocol": connection.security_protocol,
        "client_id": "telltale",
        "bootstrap_timeout_ms": CONNECT_LIMIT_S * 1000,
        "request_timeout_ms": DELIVERY_LIMIT_S * 1000,
        # Of 30 s, kafka-python's own, an outage of 30 s costs another 30 (Kafka's clients: 1 s).
        "reconnect_backoff_max_ms": 1_000,
    }
    if connection.security_protocol.startswith("SASL"):
        chosen |= {
            "sasl_mechanism": connection.sasl_mechanism,
            "sasl_plain_username": connection.sasl_username,
            "sasl_plain_password": connection.sasl_password.get_secret_value(),
        }
    if connection.security_protocol.endswith("SSL"):
        for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile"):
            path = getattr(connection, name)
            if path:
                chosen[name] = str(path)
    return chosen


def tls_context(connection: KafkaConnection) -> ssl.SSLContext:
    """The TLS context of clients that take one."""
    context = ssl.create_default_context(
        cafile=str(connection.ssl_cafile) if connection.ssl_cafile else None
    )
    if connection.ssl_certfile and connection.ssl_keyfile:
        context.load_cert_chain(str(connection.ssl_certfile), str(connection.ssl_keyfile))
    return context


def wait_for_server(connection: KafkaConnection) -> None:
    """Wait until one of the servers accepts connections. Raises OSError.

    A kafka-python client that can't connect leaves its sockets open, so we ask first.
    """
    for attempt in stamina.retry_context(
        on=OSError, attempts=None, timeout=CONNECT_LIMIT_S, wait_initial=0.1, wait_max=1.0
    ):
        with attempt:
            _connect_to_any(connection.servers)


def _connect_to_any(servers: Sequence[str]) -> None:
    problem = OSError("no address is set")
    for server in servers:
        host, _, port = server.rpartition(":")
        try:
            address = (host.strip("[]"), int(port))
            socket.create_connection(address, timeout=CONNECT_LIMIT_S / 2).close()
        except (OSError, ValueError) as error:
            problem = error if isinstance(error, OSError) else OSError(f"no port in {server!r}")
        else:
            return
    raise problem


@contextlib.contextmanager
def readable_errors(connection: KafkaConnection) -> Iterator[None]:
    """Turns Kafka's errors into an UnavailableError that says where and what to try."""
    where = connection.bootstrap_servers
    try:
        yield
    except (SaslAuthenticationFailedError, AuthorizationError) as error:
        msg = (
            f"Kafka at {where} refuses user {connection.sasl_username!r} ({_reason(error)}); set "
            "TELLTALE_KAFKA__SASL_USERNAME and TELLTALE_KAFKA__SASL_PASSWORD"
        )
        raise UnavailableError(msg) from error
    except (KafkaError, OSError) as error:
        msg = (
            f"Kafka at {where} doesn't answer ({_reason(error)}); see `telltale status` and "
            "TELLTALE_KAFKA__BOOTSTRAP_SERVERS"
        )
        raise UnavailableError(msg) from error


@contextlib.contextmanager
def open_admin(connection: KafkaConnection) -> Iterator[Any]:
    """An admin client, closed at the end. Raises UnavailableError."""
    with readable_errors(connection):
        wait_for_server(connection)
        with contextlib.closing(KafkaAdminClient(**options(connection))) as client:
            yield client


def open_producer(connection: KafkaConnection, **more: object) -> Any:  # noqa: ANN401 (no stubs)
    """An idempotent producer, lz4, linger 20 ms, batches of 256 KB. Raises UnavailableError."""
    with readable_errors(connection):
        wait_for_server(connection)
        return KafkaProducer(
            **{
                **options(connection),
                "acks": "all",
                "compression_type": "lz4",
                "linger_ms": 20,
                "batch_size": 256 * 1024,
                "max_block_ms": CONNECT_LIMIT_S * 1000,
                "delivery_timeout_ms": DELIVERY_LIMIT_S * 1000 + 1000,
                "allow_auto_create_topics": False,
                **more,
            },
        )


def open_consumer(
    connection: KafkaConnection,
    *topics: str,
    group: str | None = None,
    **more: object,
) -> Any:  # noqa: ANN401 (no stubs)
    """A consumer of raw bytes that commits nothing by itself. Raises UnavailableError."""
    with readable_errors(connection):
        wait_for_server(connection)
        return KafkaConsumer(
            *topics,
            **{
                **options(connection),
                "group_id": group,
                "enable_auto_commit": False,
                "auto_offset_reset": "earliest",
                "allow_auto_create_topics": False,
                **more,
            },
        )


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
