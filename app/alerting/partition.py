"""One partition of the alert log: its state and where it stands."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from alerts.pipeline import Message
from alerts.state import State
from app.flow.message import Incoming
from app.flow.order import Cursor
from contracts.alert_log import decode_alert_log
from contracts.dead_letters import DeadLetter, Reason


class _Image(msgspec.Struct, array_like=True):
    next_offset: int
    state: bytes


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Image)


@dataclass
class AlertPartition:
    """State is a function of the partition's log below `cursor.next`."""

    number: int
    cursor: Cursor
    state: State = field(default_factory=State)

    def to_bytes(self) -> bytes:
        """The whole, as a snapshot holds it."""
        return _encoder.encode(_Image(self.cursor.next, self.state.to_bytes()))

    @classmethod
    def from_bytes(cls, payload: bytes, number: int) -> "AlertPartition":
        """The inverse. Raises msgspec.DecodeError."""
        image = _decoder.decode(payload)
        return cls(number, Cursor(image.next_offset), State.from_bytes(image.state))


def decode(
    messages: Sequence[Incoming], topic: str
) -> tuple[list[tuple[Message, int]], list[DeadLetter]]:
    """Messages with the broker's timestamps, and those that can't be read."""
    found: list[tuple[Message, int]] = []
    letters: list[DeadLetter] = []
    for message in messages:
        try:
            found.append((decode_alert_log(message.payload), message.time_ms))
        except msgspec.ValidationError as error:
            letters.append(letter("unknown_schema", str(error), topic, message))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            letters.append(letter("undecodable", str(error), topic, message))
    return found, letters


def letter(reason: Reason, detail: str, topic: str, message: Incoming) -> DeadLetter:
    """A message that can't be used, whole. Dated by the broker, so that a replay makes the same."""
    return DeadLetter(
        reason, detail, topic, message.partition, message.offset, message.time_ms, message.payload
    )
