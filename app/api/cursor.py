"""Opaque cursors: the place of the last row of a page."""

import base64
import binascii
import math

import msgspec

from app.api.problems import bad_parameter


def encode_cursor(number: float, text: str) -> str:
    """A cursor for (number, text)."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode((number, text))).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[float, str] | None:
    """The inverse; None for "". Raises ProblemError for what we never gave out."""
    if not cursor:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        payload = base64.b64decode(padded, altchars=b"-_", validate=True)
        number, text = msgspec.msgpack.decode(payload, type=tuple[float, str])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        number, text = math.nan, ""
    if not math.isfinite(number):
        raise bad_parameter("cursor", "this cursor is not one of ours; start without it")
    return number, text
