"""What is told to the world: an alert that changed (a message on `alerts`), a model that drifts."""

import msgspec

from contracts.alerts import Alert, Transition


class Notice(msgspec.Struct, frozen=True):
    """A change, and the alert as it is after it (or after a later change that is told too);
    `plate` is what people call its vehicle, "" where it has none.
    """

    alert: Alert
    change: Transition
    plate: str = ""

    @property
    def notice_id(self) -> str:
        """The same for the same change, however often it is told."""
        return f"{self.change.alert_id}-{self.change.version}"


class DriftNotice(msgspec.Struct, frozen=True):
    """A figure of a model in use that has drifted: its kind and subject, the week (its Monday) in
    which that was found, and in words. `place` 0 is the furthest beyond its limit.
    """

    tenant: str
    model: str
    week_ms: int
    kind: str
    subject: str
    text: str
    place: int = 0

    @property
    def notice_id(self) -> str:
        """The same for the same figure of the same week, however often it is looked at."""
        return f"drift/{self.tenant}/{self.model}/{self.week_ms}/{self.kind}/{self.subject}"


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Notice)


def encode_notice(notice: Notice) -> bytes:
    """One `alerts` message."""
    return _encoder.encode(notice)


def decode_notice(payload: bytes) -> Notice:
    """The notice of one `alerts` message. Raises msgspec.DecodeError."""
    return _decoder.decode(payload)
