"""Why a message or record was refused. Its original bytes go to the `dead-letters` topic."""

from typing import Literal

import msgspec

Reason = Literal[
    "undecodable",  # not msgpack, or truncated
    "unknown_schema",  # msgpack, but no record that we know
    "oversized",  # more records or bytes than a message may hold
    "unknown_profile",
    "unknown_signal",
    "bad_shape",  # blobs don't fit each other, or a frame spans more than 60 s
    "bad_value",  # a value that isn't possible: infinite, or no finite sample at all
    "bad_vehicle",  # empty, too long or unprintable vehicle or tenant id
    "absurd_time",  # before 2000 or after 2100
    "future_time",  # more than 10 minutes ahead of the broker's timestamp
    "duplicate",  # this sequence number was applied already
    "stale_sequence",  # too far behind the vehicle's newest sequence number to tell
    "foreign_partition",  # a vehicle that belongs to another partition
    "bad_command",  # a command that is about nothing
    "foreign_vehicle",  # a vehicle that the sender's key is not bound to
    "unreadable_row",  # an adapter could not read a row of a source file
]


class DeadLetter(msgspec.Struct, frozen=True):
    """A refused message or record with where it came from.

    `payload` holds the original bytes, whole; `topic`, `partition`, `offset` say where they stood
    (a file's name, 0 and the line for an adapter), `detail` says in words what was wrong.
    """

    reason: Reason
    detail: str
    topic: str
    partition: int
    offset: int
    time_ms: int
    payload: bytes


class Withheld(msgspec.Struct, frozen=True):
    """Refusals of one partition in one minute of the broker's time that got no letter of their
    own, because there were too many: `count` of them with `bytes` bytes, by reason.

    `spans` are the offsets (end excluded) of the log where they stand, at most 256 spans; a span
    may hold sound messages too where there would have been more. `count` grows until the minute is
    over; the account with the highest is the newest.
    """

    topic: str
    partition: int
    minute_ms: int
    count: int
    bytes: int
    reasons: dict[str, int]
    spans: list[tuple[int, int]]
