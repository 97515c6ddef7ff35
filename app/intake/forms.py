"""The readable form of records, and what each form makes of a body.

JSON: `{"records": [...]}`, each a frame or an event with names and times that people can read.
msgpack: the list of records as it travels on `telemetry` (contracts/records.py).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import msgspec
import numpy as np

from app.api.problems import ProblemError
from contracts.batches import Floats
from contracts.catalogue import catalogue, signals_by_id
from contracts.codec import MAX_RECORDS, make_frame
from contracts.dead_letters import Reason
from contracts.records import EventKind, Frame, Record, VehicleEvent

JSON_TYPES = frozenset({"application/json", "text/json", ""})
MSGPACK_TYPES = frozenset(
    {"application/msgpack", "application/vnd.msgpack", "application/x-msgpack"}
)
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Text = Annotated[str, msgspec.Meta(max_length=2_000)]


class FrameForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="frame"):
    """Samples of one vehicle over at most 60 s.

    `time` is ISO 8601 with its zone, or Unix ms; `offsets_ms` count from there, one a sample.
    `signals` are VSS paths below `Vehicle.` or catalogue ids; `samples` holds a list a sample, in
    the order of `signals` and the catalogue's units, null = missing. `seq` grows by one with every
    frame of the vehicle: a frame that is sent again changes nothing.
    """

    vehicle_id: _Id
    profile: _Id
    seq: Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
    time: int | str
    signals: list[str | int]
    offsets_ms: list[Annotated[int, msgspec.Meta(ge=0, le=60_000)]]
    samples: list[list[float | None]]


class EventForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="event"):
    """Something that happened to a vehicle; see contracts/records.py for `code` and `detail`."""

    vehicle_id: _Id
    profile: _Id
    time: int | str
    kind: EventKind
    code: _Text
    detail: dict[_Text, _Text] = {}


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    records: list[msgspec.Raw]


@dataclass(frozen=True)
class Refused:
    """A record that is not taken: its place in the request, why, and its bytes as they were."""

    index: int
    vehicle_id: str
    reason: Reason
    detail: str
    payload: bytes


@dataclass
class Read:
    """Records that could be read, each with its place and bytes in the request, and the rest."""

    records: list[Record]
    places: list[int]
    payloads: list[bytes]
    refused: list[Refused]


_envelope = msgspec.json.Decoder(_Envelope)
_form = msgspec.json.Decoder(FrameForm | EventForm)
_parts = msgspec.msgpack.Decoder(list[msgspec.Raw])
_record = msgspec.msgpack.Decoder(Record)


def read_records(body: bytes, media_type: str, tenant: str) -> Read:
    """What a body holds. Raises ProblemError: 415, 400 where it can't be taken apart, 413 for too
    many records, 422 for none.
    """
    if media_type in JSON_TYPES:
        found = _read_json(body, tenant)
    elif media_type in MSGPACK_TYPES:
        found = _read_msgpack(body)
    else:
        known = ", ".join(sorted((JSON_TYPES | MSGPACK_TYPES) - {""}))
        detail = f"Content-Type {media_type!r} is unknown here; use one of {known}."
        raise ProblemError(415, "unknown-type", "Unknown type", detail)
    if not found.records and not found.refused:
        detail = "The request holds no record."
        errors = [{"where": "records", "what": detail}]
        raise ProblemError(422, "bad-request", "Nothing to do", detail, errors=errors)
    return found


def _read_json(body: bytes, tenant: str) -> Read:
    try:
        parts = _envelope.decode(body).records
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable("JSON", error) from None
    _check_count(len(parts))
    found = Read([], [], [], [])
    for index, part in enumerate(parts):
        payload = bytes(part)
        try:
            record = to_record(_form.decode(payload), tenant)
        except (ValueError, OverflowError, RecursionError) as error:
            found.refused.append(_refused(index, error, payload))
        else:
            _keep(found, index, record, payload)
    return found


def _read_msgpack(body: bytes) -> Read:
    try:
        parts = _parts.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable("msgpack", error) from None
    _check_count(len(parts))
    found = Read([], [], [], [])
    for index, part in enumerate(parts):
        payload = bytes(part)
        try:
            record = _record.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            found.refused.append(_refused(index, error, payload))
        else:
            _keep(found, index, record, payload)
    return found


def to_record(form: FrameForm | EventForm, tenant: str) -> Record:
    """The record behind its readable form. Raises ValueError, whose text says what is wrong."""
    time_ms = to_ms(form.time)
    if isinstance(form, EventForm):
        return VehicleEvent(
            tenant, form.profile, form.vehicle_id, time_ms, form.kind, form.code, form.detail
        )
    return _frame(form, tenant, time_ms)


def to_ms(time: int | str) -> int:
    """Unix ms from ms or from ISO 8601 with a zone. Raises ValueError."""
    if isinstance(time, int):
        return time
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        msg = f"time {time[:40]!r} is neither Unix ms nor ISO 8601"
        raise ValueError(msg) from None
    if moment.tzinfo is None:
        msg = f"time {time[:40]!r} has no zone; end it with Z or +01:00"
        raise ValueError(msg)
    return math.floor(moment.timestamp() * 1_000)


class UnknownSignalError(ValueError):
    """A signal that the catalogue lacks."""


def _frame(form: FrameForm, tenant: str, time_ms: int) -> Frame:
    try:
        return make_frame(
            tenant=tenant,
            profile=form.profile,
            vehicle_id=form.vehicle_id,
            seq=form.seq,
            start_ms=time_ms,
            signals=_signal_ids(form.signals),
            offsets_ms=form.offsets_ms,
            samples=_samples(form.samples),
        )
    except OverflowError as error:
        raise ValueError(str(error)) from None
    except ValueError as error:
        if "inhomogeneous" in str(error):
            msg = "samples: give every sample as many values as there are signals"
            raise ValueError(msg) from None
        raise


def _samples(samples: list[list[float | None]]) -> Floats:
    # What is too large for 32 bits becomes infinite, which is refused as a value.
    with np.errstate(over="ignore"):
        return np.array(samples, dtype="<f4")


def _signal_ids(signals: Sequence[str | int]) -> list[int]:
    found = []
    for signal in signals:
        known = catalogue().get(signal) if isinstance(signal, str) else signals_by_id().get(signal)
        if known is None:
            msg = f"signal {str(signal)[:100]!r} is not in the catalogue"
            raise UnknownSignalError(msg)
        found.append(known.id)
    return found


def _keep(found: Read, index: int, record: Record, payload: bytes) -> None:
    found.records.append(record)
    found.places.append(index)
    found.payloads.append(payload)


def _refused(index: int, error: Exception, payload: bytes) -> Refused:
    reason: Reason = "unknown_schema"
    if isinstance(error, UnknownSignalError):
        reason = "unknown_signal"
    elif isinstance(error, ValueError) and not isinstance(error, msgspec.MsgspecError):
        reason = "bad_shape"
    return Refused(index, "", reason, str(error), payload)


def _check_count(count: int) -> None:
    if count > MAX_RECORDS:
        detail = f"A request holds at most {MAX_RECORDS} records, not {count}; send several."
        raise ProblemError(413, "too-large", "Too many records", detail, limit=MAX_RECORDS)


def _unreadable(form: str, error: Exception) -> ProblemError:
    detail = f"The body can't be read as {form}: {error}."
    errors = [{"where": "body", "what": str(error)}]
    return ProblemError(400, "unreadable-body", "Body not understood", detail, errors=errors)
