"""What the worker says of a vehicle: the chance that each part fails, and how long it has left."""

from collections.abc import Sequence

import msgspec
import numpy as np

from contracts.batches import Floats

HORIZONS_DAYS = (7, 30, 90)
ALERT_DAYS = 30
"""Lines are drawn on the risk within so many days."""
MONTH = HORIZONS_DAYS.index(ALERT_DAYS)
"""The place of that risk among the horizons."""
_FLOAT_BYTES = 9
"""Of a number in MessagePack: what it is, then eight."""


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


class EncodedUpdate(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A RiskUpdate whose `modes` and `rul` are encoded already (`encode_columns`): a message of
    these is the same to the byte, and takes a fifth of the time to make.
    """

    tenant: str
    profile: str
    vehicle_id: str
    time_ms: int
    model: str
    modes: msgspec.Raw
    rul: msgspec.Raw


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[RiskUpdate])


def encode_risk(updates: Sequence[RiskUpdate | EncodedUpdate]) -> bytes:
    """One `risk` message."""
    return _encoder.encode(updates)


def encode_columns(modes: Sequence[str], risk: Floats) -> list[msgspec.Raw]:
    """`modes` of every row, encoded, from risk [n x modes x 3]."""
    parts = [_encoder.encode(ModeRisk(mode, 0.0, 0.0, 0.0)) for mode in modes]
    empty = _encoder.encode([None] * len(parts))
    head = empty[: len(empty) - len(parts)]
    ends = len(head) + np.cumsum([len(part) for part in parts], dtype=np.int64)
    # The three floats, of a byte that names the type and eight more, are what each mode ends with.
    first = ends[:, None] + np.arange(-3, 0) * _FLOAT_BYTES + 1
    width = len(head) + sum(map(len, parts))
    found = np.tile(np.frombuffer(head + b"".join(parts), np.uint8), (len(risk), 1))
    numbers = np.ascontiguousarray(risk.reshape(len(risk), 3 * len(modes)), ">f8").view(np.uint8)
    found[:, (first.reshape(-1, 1) + np.arange(8)).ravel()] = numbers
    whole = found.tobytes()
    return [msgspec.Raw(whole[at : at + width]) for at in range(0, len(whole), width)]


NO_RUL = msgspec.Raw(_encoder.encode(None))
"""`rul` of an EncodedUpdate without one."""


def encode_rul(rul: Floats) -> list[msgspec.Raw]:
    """`rul` of every row, encoded, from value, low and high [n x 3]."""
    return [msgspec.Raw(_encoder.encode(Rul(*one))) for one in rul.tolist()]


def decode_risk(payload: bytes) -> list[RiskUpdate]:
    """The updates of one `risk` message; none of a note between them (contracts/alert_log.py).

    Raises msgspec.DecodeError.
    """
    if payload[:1] and (payload[0] & 0xF0 == 0x80 or payload[0] in {0xDE, 0xDF}):
        return []
    return _decoder.decode(payload)
