"""A message as it came from the log."""

from typing import NamedTuple


class Incoming(NamedTuple):
    """One message of `telemetry`: `time_ms` is the broker's timestamp, `payload` its raw bytes."""

    partition: int
    offset: int
    time_ms: int
    payload: bytes
