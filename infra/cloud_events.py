"""CloudEvents 1.0 attributes as Kafka headers (the binary mode of its Kafka binding)."""

from datetime import UTC, datetime
from typing import Final

PREFIX: Final = "org.telltale."
_CONTENT_TYPE: Final = ("content-type", b"application/msgpack")


def headers(kind: str, source: str, identity: str, time_ms: int) -> list[tuple[str, bytes]]:
    """Headers of a message: `kind` like "risk.scored", `source` a tenant's path, `identity` unique
    within it and the same when the message is sent again, `time_ms` the event time.
    """
    moment = datetime.fromtimestamp(time_ms / 1_000, UTC).isoformat().replace("+00:00", "Z")
    attributes = {
        "ce_specversion": "1.0",
        "ce_type": PREFIX + kind,
        "ce_source": source,
        "ce_id": identity,
        "ce_time": moment,
    }
    return [(name, value.encode()) for name, value in attributes.items()] + [_CONTENT_TYPE]
