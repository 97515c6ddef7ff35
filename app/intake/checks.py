"""What is refused at the door: the engine's own checks, and vehicles that are not the sender's."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from app.access.caller import Caller
from app.api import words
from app.intake.forms import Read, Refused
from contracts.access import covers
from contracts.codec import DecodeError, frame_arrays
from contracts.dead_letters import Reason
from contracts.records import Frame, Record
from features.checks import integers, refuse_sequences, refuse_times, refuse_vehicle
from features.refusal import Refusal
from features.summary import Reducer
from infra.acked_producer import size_of
from infra.kafka import MAX_PAYLOAD_BYTES


def check(read: Read, caller: Caller, now_ms: int) -> None:
    """Move what is refused from the records to the refused; a record is refused once."""
    found: dict[int, Refusal] = {}
    for refusal in _refusals(read.records, caller, now_ms):
        found.setdefault(refusal.index, refusal)
    if not found:
        return
    for at, refusal in found.items():
        record = read.records[at]
        reason, detail = refusal.reason, refusal.detail
        read.refused.append(
            Refused(read.places[at], record.vehicle_id[:64], reason, detail, read.payloads[at])
        )
    kept = [at for at in range(len(read.records)) if at not in found]
    read.records = [read.records[at] for at in kept]
    read.places = [read.places[at] for at in kept]
    read.payloads = [read.payloads[at] for at in kept]
    read.refused.sort(key=lambda one: one.index)


def _refusals(records: list[Record], caller: Caller, now_ms: int) -> Iterator[Refusal]:
    for index, record in enumerate(records):
        strange = refuse_vehicle(index, record.tenant, record.vehicle_id)
        if strange:
            yield strange
        elif record.tenant != caller.tenant:
            yield Refusal(index, "foreign_vehicle", f"the key is of tenant {caller.tenant!r}")
        elif not covers(caller.vehicles, record.vehicle_id):
            yield Refusal(index, "foreign_vehicle", "the key is not bound to this vehicle")
        elif size_of(record) > MAX_PAYLOAD_BYTES:
            yield Refusal(index, "oversized", f"a record has at most {MAX_PAYLOAD_BYTES:,} bytes")
    rows = np.arange(len(records))
    times = [record.start_ms if isinstance(record, Frame) else record.time_ms for record in records]
    yield from refuse_times(rows, integers(times), np.full(len(records), now_ms))
    yield from _frame_refusals(records)


def _frame_refusals(records: list[Record]) -> Iterator[Refusal]:
    by_profile: dict[str, list[int]] = {}
    for index, record in enumerate(records):
        if isinstance(record, Frame):
            by_profile.setdefault(record.profile, []).append(index)
    for profile, places in by_profile.items():
        frames = [record for at in places if isinstance(record := records[at], Frame)]
        rows = np.array(places)
        yield from refuse_sequences(rows, integers([frame.seq for frame in frames]))
        reducer = _reducer(profile)
        if reducer is None:
            # Of a profile that only the workers were given, they look at the rest.
            yield from (
                Refusal(at, *shape)
                for at, frame in zip(places, frames, strict=True)
                if (shape := _shape(frame))
            )
            continue
        for refusal in reducer.reduce(frames)[1]:
            yield Refusal(places[refusal.index], refusal.reason, refusal.detail)


def _shape(frame: Frame) -> tuple[Reason, str] | None:
    try:
        frame_arrays(frame)
    except DecodeError as error:
        return error.reason, error.detail
    return None


@lru_cache(maxsize=64)
def _reducer(profile: str) -> Reducer | None:
    found = words.profile_of(profile)
    return Reducer(found) if found else None
