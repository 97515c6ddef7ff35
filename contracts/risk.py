"""What the worker says of a vehicle: the chance that each part fails, and how long it has left."""

import msgspec

HORIZONS_DAYS = (7, 30, 90)
MONTH = HORIZONS_DAYS.index(30)
"""Lines are drawn on the risk within 30 days, and vehicles compared by it."""


class ModeRisk(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Probability that `mode` fails within 7, 30 and 90 days; never falls with the horizon."""

    mode: str
    risk_7: float
    risk_30: float
    risk_90: float


class Rul(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Remaining useful life with its 90 % interval, in the profile's `rul_unit`."""

    value: float
    low: float
    high: float


class RiskUpdate(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One scored vehicle, as published on `risk` (a message is a list of these).

    `time_ms` is the event time of the frame or event that was scored; `model` is the bundle's id.
    """

    tenant: str
    profile: str
    vehicle_id: str
    time_ms: int
    model: str
    modes: list[ModeRisk]
    rul: Rul | None = None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[RiskUpdate])


def encode_risk(updates: list[RiskUpdate]) -> bytes:
    """One `risk` message."""
    return _encoder.encode(updates)


def decode_risk(payload: bytes) -> list[RiskUpdate]:
    """The updates of one `risk` message; none of a note between them (contracts/alert_log.py).

    Raises msgspec.DecodeError.
    """
    if payload[:1] and (payload[0] & 0xF0 == 0x80 or payload[0] in {0xDE, 0xDF}):
        return []
    return _decoder.decode(payload)
