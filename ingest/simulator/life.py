"""A vehicle's whole life: what it drove, how its parts fared, what was written about it."""

from dataclasses import dataclass

import numpy as np

from contracts.batches import Doubles, Flags, Floats, Ints
from contracts.records import EventKind, VehicleEvent
from ingest.simulator.faults import false_codes, silences, true_codes
from ingest.simulator.firmware import updates
from ingest.simulator.spec import FleetSpec
from ingest.simulator.trips import plan_usage
from ingest.simulator.usage import Usage
from ingest.simulator.vehicle import Vehicle, registration
from ingest.simulator.workshop import Book, Stay, exposures, keep_book

_CODE_DELAY_MS = 40_000
_SERVICE_DELAY_MS = 17 * 60_000


@dataclass(frozen=True, eq=False)
class Life:
    """`usage` of the n planned frames; `sent` marks those that were driven and reached us, `seq`
    [n] numbers them; `exposure` [modes x n]; `events` in order of time.
    """

    vehicle: Vehicle
    usage: Usage
    exposure: Doubles
    book: Book
    sent: Flags
    seq: Ints
    events: list[VehicleEvent]

    def severity(self, stay: Stay) -> Floats:
        """Severity of a stay's part at its frames."""
        exposure = self.exposure[stay.mode, stay.first : stay.end]
        return stay.part.severity(exposure).astype(np.float32)


def live_through(spec: FleetSpec, vehicle: Vehicle) -> Life:
    """The vehicle's life over the whole span."""
    usage = plan_usage(spec, vehicle)
    exposure = exposures(vehicle, usage, spec.start_ms)
    book = keep_book(spec, vehicle, usage, exposure)
    sent = book.driven & ~silences(spec, vehicle, usage.time_ms)
    life = Life(vehicle, usage, exposure, book, sent, np.cumsum(sent) - 1, [])
    life.events.extend(_events(spec, life))
    return life


def _events(spec: FleetSpec, life: Life) -> list[VehicleEvent]:
    vehicle = life.vehicle
    events = [registration(spec, vehicle)]

    def add(time_ms: int, kind: EventKind, code: str, **detail: str) -> None:
        event = VehicleEvent(
            spec.tenant, vehicle.kind.name, vehicle.vehicle_id, time_ms, kind, code, detail
        )
        if time_ms < spec.end_ms:
            events.append(event)

    for time_ms, version in updates(spec, vehicle):
        add(time_ms, "firmware", version)
    for frame in life.book.services:
        add(int(life.usage.time_ms[frame]) + _SERVICE_DELAY_MS, "service", "inspection")
    for stay in life.book.stays:
        mode = vehicle.kind.modes[stay.mode]
        if stay.cause in {"wear", "shock"}:
            add(stay.ended_ms, "failure", mode.name)
        if stay.cause != "none":
            reason = "failure" if stay.cause in {"wear", "shock"} else stay.cause
            add(stay.replaced_ms, "replacement", mode.part, reason=reason)
    for time_ms, code in _codes(spec, life):
        add(time_ms + _CODE_DELAY_MS, "fault_code", code)
    return sorted(events, key=lambda event: (event.time_ms, event.kind, event.code))


def _codes(spec: FleetSpec, life: Life) -> set[tuple[int, str]]:
    times = life.usage.time_ms
    found = set(false_codes(spec, life.vehicle, times[life.book.driven]))
    for stay in life.book.stays:
        frames = slice(stay.first, stay.end)
        severity = np.where(life.book.driven[frames], life.severity(stay), 0)
        found |= set(true_codes(spec, life.vehicle, stay, severity, times[frames]))
    return found
