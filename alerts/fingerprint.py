"""What makes two findings the same alert, and the id that follows from it."""

import hashlib
from typing import NamedTuple

import msgspec

from contracts.alerts import Condition


class Fingerprint(NamedTuple):
    """One condition of one part of one vehicle. `mode` is "" for conditions of a whole vehicle."""

    tenant: str
    vehicle_id: str
    mode: str
    condition: Condition


def alert_id(fingerprint: Fingerprint, opened_ms: int) -> str:
    """The id of the alert that opened then: a function of the data, so that a replay makes the
    same one again.
    """
    content = msgspec.json.encode((*fingerprint, opened_ms))
    return f"a{hashlib.sha256(content).hexdigest()[:16]}"
