"""Addresses and the password of the embedded broker and store of a home folder."""

import secrets
from pathlib import Path

from pydantic import SecretStr

from contracts.errors import UnavailableError
from infra.connections import ClickHouseConnection, KafkaConnection
from infra.run_files import RunFile, running, write_private

BROKER = "broker"
STORE = "store"


def embedded_kafka(home: Path, base: KafkaConnection) -> KafkaConnection:
    """`base` with the running embedded broker's address. Raises UnavailableError."""
    entry = _require(home, BROKER, "Kafka", "TELLTALE_KAFKA__BOOTSTRAP_SERVERS")
    return base.model_copy(update={"bootstrap_servers": entry.address})


def embedded_clickhouse(home: Path, base: ClickHouseConnection) -> ClickHouseConnection:
    """`base` with the running embedded store's address and password. Raises UnavailableError."""
    entry = _require(home, STORE, "ClickHouse", "TELLTALE_CLICKHOUSE__URL")
    return base.model_copy(
        update={"url": f"http://{entry.address}", "password": SecretStr(store_password(home))}
    )


def store_password(home: Path) -> str:
    """The embedded store's password, made once for a home and readable by its owner only."""
    path = home / "run" / "store-password"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(24).encode())
    return path.read_text()


def _require(home: Path, name: str, what: str, setting: str) -> RunFile:
    entry = running(home, name)
    if entry is None:
        msg = (
            f"the embedded {what} of {home} isn't running; "
            f"start it with `telltale up`, or set {setting} to your own"
        )
        raise UnavailableError(msg)
    return entry
