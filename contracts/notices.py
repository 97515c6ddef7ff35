"""What is told to the world when an alert changes; a message on `alerts`."""

import msgspec

from contracts.alerts import Alert, Transition


class Notice(msgspec.Struct, frozen=True):
    """A change, and the alert as it is after it (or after a later change that is told too)."""

    alert: Alert
    change: Transition

    @property
    def notice_id(self) -> str:
        """The same for the same change, however often it is told."""
        return f"{self.change.alert_id}-{self.change.version}"


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Notice)


def encode_notice(notice: Notice) -> bytes:
    """One `alerts` message."""
    return _encoder.encode(notice)


def decode_notice(payload: bytes) -> Notice:
    """The notice of one `alerts` message. Raises msgspec.DecodeError."""
    return _decoder.decode(payload)
