"""What the alerter reads, in one order: the `risk` topic with what else changes alerts.

Updates of risk are lists (contracts/risk.py). What happened to vehicles, what people ask and the
fleet's clock are notes between them: state is then a function of one log, whoever reads it.
"""

import msgspec

from contracts.alerts import AlertCommand
from contracts.records import VehicleEvent
from contracts.risk import RiskUpdate

TOLD = frozenset({"replacement", "failure", "finding", "registration"})
"""Kinds of events that matter to alerts."""


class Happened(msgspec.Struct, frozen=True, tag="happened"):
    """Events of vehicles of this partition, as the worker applied them."""

    events: list[VehicleEvent]


class Asked(msgspec.Struct, frozen=True, tag="asked"):
    """A command; a second one with the same `command_id` changes nothing."""

    command: AlertCommand


class Tick(msgspec.Struct, frozen=True, tag="tick"):
    """The tenant's clock (event time) has come to `time_ms`, also where nothing is heard."""

    tenant: str
    time_ms: int


Note = Happened | Asked | Tick

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[list[RiskUpdate] | Note] = msgspec.msgpack.Decoder(
    list[RiskUpdate] | Note
)


def encode_note(note: Note) -> bytes:
    """One message that isn't risk."""
    return _encoder.encode(note)


def decode_alert_log(payload: bytes) -> list[RiskUpdate] | Note:
    """One message of the `risk` topic. Raises msgspec.DecodeError."""
    return _decoder.decode(payload)
