"""Bytes on the wire to records and back: msgpack, array-like (docs/asyncapi gives the schema).

`decode_message` checks form only; whether a vehicle, time or signal makes sense is the engine's
matter. Every failure is a `DecodeError` with a dead-letter reason.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from contracts.batches import Floats
from contracts.dead_letters import Reason
from contracts.records import Frame, Record

MAX_MESSAGE_BYTES = 1_000_000
MAX_RECORDS = 4_096

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Record])


class DecodeError(ValueError):
    """A message that can't be decoded: `reason` names why, the text says what was found."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.detail = detail


def encode_message(records: Sequence[Record]) -> bytes:
    """One `telemetry` message. Raises ValueError above `MAX_RECORDS`: pack into several."""
    if len(records) > MAX_RECORDS:
        msg = f"a message holds at most {MAX_RECORDS} records, not {len(records)}"
        raise ValueError(msg)
    return _encoder.encode(records)


def decode_message(payload: bytes) -> list[Record]:
    """The records of one message, in order. Raises DecodeError."""
    if len(payload) > MAX_MESSAGE_BYTES:
        raise DecodeError("oversized", f"{len(payload)} bytes, at most {MAX_MESSAGE_BYTES}")
    try:
        records = _decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise DecodeError("unknown_schema", str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError("undecodable", str(error)) from error
    if len(records) > MAX_RECORDS:
        raise DecodeError("oversized", f"{len(records)} records, at most {MAX_RECORDS}")
    return records


def make_frame(  # noqa: PLR0913 (a frame has this many parts)
    *,
    tenant: str = "default",
    profile: str,
    vehicle_id: str,
    seq: int,
    start_ms: int,
    signals: Sequence[int],
    offsets_ms: npt.ArrayLike,
    samples: npt.ArrayLike,
) -> Frame:
    """A frame from arrays: `offsets_ms` [samples], `samples` [samples x signals] in the
    catalogue's units, NaN where a signal is missing. Raises ValueError when they don't fit.
    """
    offsets = np.ascontiguousarray(offsets_ms, dtype="<u2")
    values = np.ascontiguousarray(samples, dtype="<f4")
    if values.shape != (offsets.size, len(signals)):
        msg = f"samples are {values.shape}, expected ({offsets.size}, {len(signals)})"
        raise ValueError(msg)
    ids = np.asarray(signals, dtype="<u2")
    return Frame(
        tenant,
        profile,
        vehicle_id,
        seq,
        start_ms,
        ids.tobytes(),
        offsets.tobytes(),
        values.tobytes(),
    )


def frame_arrays(
    frame: Frame,
) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16], Floats]:
    """`(signals [k], offsets_ms [n], samples [n x k])` as read-only views of the frame's bytes.

    Raises DecodeError("bad_shape") when the blobs don't fit each other.
    """
    try:
        signals = np.frombuffer(frame.signals, dtype="<u2")
        offsets = np.frombuffer(frame.offsets, dtype="<u2")
        samples = np.frombuffer(frame.samples, dtype="<f4").reshape(offsets.size, signals.size)
    except ValueError as error:
        raise DecodeError("bad_shape", f"frame blobs don't fit: {error}") from error
    if not samples.size:
        raise DecodeError("bad_shape", "frame without samples")
    return signals, offsets, samples
