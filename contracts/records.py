"""What travels on the `telemetry` topic: frames of samples and events of vehicles.

A message is a list of records, all of vehicles of one partition. A vehicle's frames, fault codes,
services, replacements, findings and firmware changes share the topic, so its history has one
order and one offset.
"""

from typing import Literal

import msgspec

FRAME_SPAN_MS = 60_000
"""A frame covers at most this many milliseconds."""

SEQUENCE_WINDOW = 256
"""Width of the anti-replay window of sequence numbers per vehicle (as IPsec's, RFC 4303)."""

EventKind = Literal[
    "fault_code",
    "service",
    "replacement",
    "failure",
    "finding",
    "firmware",
    "registration",
]


class Frame(msgspec.Struct, frozen=True, array_like=True, tag="frame", gc=False):
    """Samples of one vehicle over at most 60 s.

    `signals` holds catalogue ids, little-endian uint16; `offsets` milliseconds after
    `start_ms`, little-endian uint16, not decreasing, one
    a sample; `samples` little-endian float32, C order [samples x signals], NaN = missing, in the
    catalogue's unit. `seq` grows by one with every frame of the vehicle; a device that may forget
    its counter puts a boot count into the upper 32 bits.
    """

    tenant: str
    profile: str
    vehicle_id: str
    seq: int
    start_ms: int
    signals: bytes
    offsets: bytes
    samples: bytes


class VehicleEvent(msgspec.Struct, frozen=True, array_like=True, tag="event"):
    """Something that happened to a vehicle at `time_ms` (Unix, UTC).

    `code` by kind: fault_code: the DTC ("P0217", "SPN 110 FMI 0"); service: the service's name;
    replacement: the part; failure and finding: the failure mode; firmware: the version;
    registration: the plate. `detail` holds the rest as text (vin, model, depot, outcome, note ...).
    An event is identified by (vehicle, kind, code, time): a repeat is a duplicate.
    """

    tenant: str
    profile: str
    vehicle_id: str
    time_ms: int
    kind: EventKind
    code: str
    detail: dict[str, str] = {}


Record = Frame | VehicleEvent
