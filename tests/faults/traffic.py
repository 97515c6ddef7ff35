"""What a fleet sends: parcels of records for one partition each, made from a seed."""

import itertools
import zlib
from dataclasses import dataclass, field

import msgspec
import numpy as np

from contracts.codec import make_frame
from contracts.records import Frame, Record, VehicleEvent
from contracts.topics import PARTITIONS
from infra.kafka import partition_of
from tests.faults.champion import PROFILE

START = 1_700_000_000_000
PERIOD = 900_000
DAY_MS = 86_400_000
SAMPLES = 4
RECORDS = 16
"""Records in a parcel."""
_POOL = 64


@dataclass(frozen=True)
class Parcel:
    """Records of one partition, or raw bytes that no producer of ours would make.

    `bad` are the places of records that nobody may count.
    """

    partition: int
    records: list[Record] = field(default_factory=list)
    bad: frozenset[int] = frozenset()
    raw: bytes | None = None


def _pool():
    random = np.random.default_rng(7)
    centre = np.array([signal.centre for signal in PROFILE.signals])
    scale = np.array([signal.scale for signal in PROFILE.signals])
    low, high = (
        [getattr(signal.spec, side) for signal in PROFILE.signals] for side in ("low", "high")
    )
    for _ in range(_POOL):
        drawn = centre + 0.8 * scale * random.standard_normal((SAMPLES, len(centre)))
        yield make_frame(
            profile=PROFILE.name,
            vehicle_id="",
            seq=0,
            start_ms=0,
            signals=PROFILE.signal_ids,
            offsets_ms=np.arange(SAMPLES) * 2_000,
            samples=np.clip(drawn, low, high),
        )


_FRAMES = tuple(_pool())


def frame(vehicle, seq, start_ms=None, pick=None):
    """A frame of a vehicle; its samples follow from vehicle and number."""
    number = zlib.crc32(f"{vehicle} {seq}".encode()) if pick is None else pick
    one = _FRAMES[number % _POOL]
    at = START + seq * PERIOD if start_ms is None else start_ms
    return Frame("default", PROFILE.name, vehicle, seq, at, one.signals, one.offsets, one.samples)


def event(vehicle, time_ms, kind, code):
    return VehicleEvent("default", PROFILE.name, vehicle, time_ms, kind, code)


def fleet(size):
    """Vehicle ids by partition."""
    found = {partition: [] for partition in range(PARTITIONS)}
    for number in range(size):
        vehicle = f"V{number:05d}"
        found[partition_of(vehicle, PARTITIONS)].append(vehicle)
    return found


def steady(vehicles=120, seed=1, rounds=1, delay=2):
    """Parcels without end: a frame of each vehicle a round, now and then something happens, of
    which one hears up to `delay` rounds later. With more rounds a parcel holds several frames of a
    vehicle.
    """
    random = np.random.default_rng(seed)
    homes = fleet(vehicles)
    for first in itertools.count(0, rounds):
        for partition, ids in homes.items():
            records = [
                frame(vehicle, seq, pick=int(random.integers(_POOL)))
                for seq in range(first, first + rounds)
                for vehicle in ids
            ]
            records += _happenings(random, ids, first, delay)
            for start in range(0, len(records), RECORDS):
                yield Parcel(partition, records[start : start + RECORDS])


def _happenings(random, ids, seq, delay):
    if not ids or random.random() > 0.3:
        return []
    vehicle = ids[int(random.integers(len(ids)))]
    codes = [code.code for code in PROFILE.fault_codes]
    kind, code = [
        ("fault_code", codes[int(random.integers(len(codes)))]),
        ("fault_code", codes[int(random.integers(len(codes)))]),
        ("replacement", PROFILE.parts[int(random.integers(len(PROFILE.parts)))]),
        ("firmware", f"{seq}.1"),
        ("registration", f"B-{vehicle}"),
    ][int(random.integers(5))]
    late = int(random.integers(delay + 1)) * PERIOD
    return [event(vehicle, START + seq * PERIOD + 1 - late, kind, code)]


def repeated(parcels, seed, share=0.1):
    """Some parcels come twice, and some records again in a later parcel."""
    random = np.random.default_rng(seed)
    held = []
    for parcel in parcels:
        yield parcel
        if parcel.raw is None and random.random() < share / 2:
            held.append(parcel)
        if parcel.raw is None and random.random() < share:
            some = [r for r in parcel.records if random.random() < 0.5]
            held.append(Parcel(parcel.partition, some))
        if held and random.random() < share:
            yield held.pop(int(random.integers(len(held))))


def shuffled(parcels, seed, rounds=4, vehicles=120):
    """Records of `rounds` rounds (15 min of event time each) in any order."""
    random = np.random.default_rng(seed)
    for batch in _batches(parcels, rounds * max(8, vehicles // RECORDS)):
        homes = {}
        for parcel in batch:
            homes.setdefault(parcel.partition, []).extend(parcel.records)
        for partition, records in homes.items():
            mixed_up = [records[place] for place in random.permutation(len(records))]
            for start in range(0, len(mixed_up), RECORDS):
                yield Parcel(partition, mixed_up[start : start + RECORDS])


def late(parcels, seed, share=0.05, days=2.0):
    """Some records come up to so many days of event time after their neighbours."""
    random = np.random.default_rng(seed)
    held = []
    for parcel in parcels:
        kept = []
        for record in parcel.records:
            if random.random() < share:
                due = time_of(record) + random.uniform(0.2, days) * DAY_MS
                held.append((due, parcel.partition, record))
            else:
                kept.append(record)
        yield Parcel(parcel.partition, kept, parcel.bad, parcel.raw)
        now = max(map(time_of, parcel.records), default=START)
        for one in [one for one in held if one[0] <= now]:
            held.remove(one)
            yield Parcel(one[1], [one[2]])


def off_clocks(parcels, seed, share=0.05):
    """Some frames are dated a day too early or too late."""
    random = np.random.default_rng(seed)
    for parcel in parcels:
        records = [
            msgspec.structs.replace(
                record, start_ms=record.start_ms + int(random.choice([-1, 1])) * DAY_MS
            )
            if isinstance(record, Frame) and random.random() < share
            else record
            for record in parcel.records
        ]
        yield Parcel(parcel.partition, records, parcel.bad, parcel.raw)


def mixed(seed, vehicles=120):
    """A steady fleet with a little of everything."""
    calm = steady(vehicles, seed)
    rough = shuffled(off_clocks(late(calm, seed), seed, 0.02), seed, vehicles=vehicles)
    return repeated(rough, seed)


def time_of(record):
    """Event time of a record."""
    return record.start_ms if isinstance(record, Frame) else record.time_ms


def _batches(parcels, size):
    parcels = iter(parcels)
    while batch := list(itertools.islice(parcels, size)):
        yield batch


def canary(partition):
    """The vehicle of a partition whose newest frame tells how far the store is."""
    return _CANARIES[partition]


def _canaries():
    found, numbers = {}, itertools.count()
    while len(found) < PARTITIONS:
        name = f"canary-{next(numbers)}"
        found.setdefault(partition_of(name, PARTITIONS), name)
    return found


_CANARIES = _canaries()
