"""Opaque cursors: the place of the last row of a page."""

import math
import struct
from typing import Annotated

from fastapi import Query

from app.api.problems import bad_parameter

_NUMBER = struct.Struct(">d")
_FURTHEST = 2.0**53
_LONGEST = 1_000
PATTERN = r"^([0-9a-f]{16}([0-9a-f]{2})*)?$"
Cursor = Annotated[
    str,
    Query(max_length=_LONGEST, pattern=PATTERN, description="The `next_cursor` of the page before"),
]
"""The type of a route's parameter."""


def encode_cursor(number: float, text: str) -> str:
    """A cursor for (number, text)."""
    return _NUMBER.pack(number).hex() + text.encode().hex()


def decode_cursor(cursor: str) -> tuple[float, str] | None:
    """The inverse; None for "". Raises ProblemError for what can't be a cursor; one that we never
    gave out begins somewhere.
    """
    if not cursor:
        return None
    try:
        payload = bytes.fromhex(cursor)
        (number,) = _NUMBER.unpack_from(payload)
    except (ValueError, struct.error):
        raise bad_parameter("cursor", "this cursor is not one of ours; start without it") from None
    if not math.isfinite(number):
        number = 0.0
    place = max(-_FURTHEST, min(_FURTHEST, number))
    return place, payload[_NUMBER.size :].decode("utf-8", "replace")


def decode_moment(cursor: str) -> tuple[int, str] | None:
    """The same of a list by time: (Unix ms, id)."""
    place = decode_cursor(cursor)
    return (int(place[0]), place[1]) if place else None
