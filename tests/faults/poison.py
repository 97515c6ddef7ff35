"""Kinds of messages and records that nobody may count, each with what it is.

A kind is `(name, make)`: `make(random, partition, number)` gives a parcel. Where the poison is one
record, it travels between good ones.
"""

import gzip
import json
import time
from itertools import count

import msgspec
import numpy as np

from contracts.codec import MAX_MESSAGE_BYTES, MAX_RECORDS, encode_message
from contracts.topics import PARTITIONS
from tests.faults.champion import PROFILE
from tests.faults.traffic import DAY_MS, PERIOD, START, Parcel, event, fleet, frame

_pack = msgspec.msgpack.encode
_YEAR_MS = 365 * DAY_MS
_HOMES = {partition: ids[-12:] for partition, ids in fleet(600).items()}
"""Vehicles that nobody else speaks for: their sequence numbers jump."""


def _good(partition, number):
    return frame(_HOMES[partition][-1 - number % 9], 1_000_000 + number, START)


def _message(partition, number):
    return encode_message([_good(partition, number)])


def _raw(make):
    return lambda random, partition, number: Parcel(
        partition, raw=make(random, _message(partition, number))
    )


def _record(change):
    """One changed frame between two good ones."""

    def make(_random, partition, number):
        good = _HOMES[partition]
        at = START + number * PERIOD
        first, last = (frame(good[which], 2_000_000 + number, at) for which in (0, 1))
        bad = change(frame(good[2 + number % 5], 3_000_000 + number, at), partition)
        return Parcel(partition, [first, bad, last], frozenset({1}))

    return make


def _changed(**named):
    return _record(lambda one, _: msgspec.structs.replace(one, **named))


def _samples(change):
    def changed(one, _):
        values = np.frombuffer(one.samples, "<f4").copy()
        change(values)
        return msgspec.structs.replace(one, samples=values.tobytes())

    return _record(changed)


def _as_list(one):
    return msgspec.msgpack.decode(_pack([one]))[0]


def _altered(alter):
    """A message of one frame, altered as a list of plain values."""

    def make(_random, partition, number):
        fields = _as_list(_good(partition, number))
        return Parcel(partition, raw=_pack([alter(fields)]))

    return make


def _many(_random, partition, number):
    vehicle = _HOMES[partition][0]
    records = [event(vehicle, START + number, "service", str(n)) for n in range(MAX_RECORDS + 1)]
    return Parcel(partition, raw=_pack(records))


def _stranger(one, partition):
    home = _HOMES[(partition + 1) % PARTITIONS][0]
    return msgspec.structs.replace(one, vehicle_id=home)


def _set(values, place, value):
    values[place] = value


KINDS = (
    ("nothing at all", _raw(lambda _r, _m: b"")),
    ("noise", _raw(lambda r, _m: b"\xc1" + r.bytes(200))),
    ("a message cut short", _raw(lambda r, m: m[: int(r.integers(1, len(m)))])),
    ("a damaged head", _raw(lambda _r, m: bytes([m[0] ^ 0x40]) + m[1:])),
    ("bytes after the end", _raw(lambda _r, m: m + b"\x00")),
    ("JSON", _raw(lambda _r, _m: json.dumps([{"vehicle": "V1", "speed": 3}]).encode())),
    ("a compressed message", _raw(lambda _r, m: gzip.compress(m))),
    ("a map", _raw(lambda _r, _m: _pack({"vehicle": "V1"}))),
    ("a number", _raw(lambda _r, _m: _pack(42))),
    ("lists a thousand deep", _raw(lambda _r, _m: b"\x91" * 5_000 + b"\x90")),
    ("text that isn't UTF-8", _raw(lambda _r, m: m.replace(b"truck-", b"truck\xff"))),
    ("more bytes than allowed", _raw(lambda _r, m: m + bytes(MAX_MESSAGE_BYTES))),
    ("more records than allowed", _many),
    ("an unknown kind of record", _altered(lambda f: ["picture", *f[1:]])),
    ("too few fields", _altered(lambda f: f[:5])),
    ("text for a number", _altered(lambda f: [*f[:4], "seven", *f[5:]])),
    ("a number for text", _altered(lambda f: [*f[:3], 7, *f[4:]])),
    ("an unknown profile", _changed(profile="submarine")),
    ("an unknown signal", _changed(signals=np.full(20, 65_000, "<u2").tobytes())),
    ("a signal twice", _changed(signals=np.full(20, PROFILE.signal_ids[0], "<u2").tobytes())),
    ("samples that don't fit", _record(
        lambda one, _: msgspec.structs.replace(one, samples=one.samples[:-4])
    )),
    ("no samples", _changed(offsets=b"", samples=b"")),
    ("half an offset", _record(lambda one, _: msgspec.structs.replace(one, offsets=b"\x00"))),
    ("offsets that fall", _changed(offsets=np.array([3, 2, 1, 0], "<u2").tobytes())),
    ("a frame of 65 s", _changed(offsets=np.array([0, 1, 2, 65_000], "<u2").tobytes())),
    ("no finite value", _samples(lambda values: values.fill(np.nan))),
    ("an infinite value", _samples(lambda values: _set(values, 0, np.inf))),
    ("an impossible value", _samples(lambda values: _set(values, 0, 1e9))),
    ("no vehicle", _changed(vehicle_id="")),
    ("a vehicle's id too long", _changed(vehicle_id="V" * 65)),
    ("an unprintable vehicle", _changed(vehicle_id="V\x00\x07")),
    ("no tenant", _changed(tenant="")),
    ("a time before 2000", _changed(start_ms=1)),
    ("a time after 2100", _changed(start_ms=START + 100 * _YEAR_MS)),
    ("a clock a day ahead", _record(
        lambda one, _: msgspec.structs.replace(one, start_ms=round(time.time() * 1e3) + DAY_MS)
    )),
    ("a negative sequence number", _changed(seq=-1)),
    ("a sequence number beyond 63 bits", _changed(seq=1 << 63)),
    ("a vehicle of another partition", _record(_stranger)),
)  # fmt: skip


def poisoned(parcels, seed, share=0.01):
    """Every so often one of the kinds, in turn."""
    random, numbers = np.random.default_rng(seed), count()
    for parcel in parcels:
        yield parcel
        if random.random() < share:
            number = next(numbers)
            _, make = KINDS[number % len(KINDS)]
            yield make(random, number % PARTITIONS, number)
