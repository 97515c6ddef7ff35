"""What happened to a vehicle, as far as it ends alerts: parts replaced, failures, findings."""

from typing import get_args

from alerts.ledger import SYSTEM, Ledger
from alerts.state import Place, Tenant, Vehicle
from contracts.alerts import Outcome
from contracts.records import VehicleEvent

_OUTCOMES = frozenset(get_args(Outcome))


def apply_event(ledger: Ledger, tenant: Tenant, vehicle: Vehicle, event: VehicleEvent) -> None:
    """Resolve the alerts that the event is about; other kinds change nothing."""
    if event.kind == "registration":
        vehicle.depot = event.detail.get("depot", vehicle.depot)
        return
    if event.kind == "finding":
        _found(ledger, tenant, vehicle, event)
        return
    for mode in ledger.policies.modes.get(event.profile, {}).values():
        if event.kind == "replacement" and mode.part == event.code:
            vehicle.renewed_ms[mode.name] = max(event.time_ms, vehicle.renewed_ms.get(mode.name, 0))
            _end(ledger, Place(tenant, vehicle, mode.name), event, f"{mode.part} was replaced", "")
        elif event.kind == "failure" and mode.name == event.code:
            _end(
                ledger,
                Place(tenant, vehicle, mode.name),
                event,
                f"{mode.label} failed",
                "confirmed_part",
            )


def _found(ledger: Ledger, tenant: Tenant, vehicle: Vehicle, event: VehicleEvent) -> None:
    outcome = event.detail.get("outcome", "")
    if outcome not in _OUTCOMES:
        return
    note = event.detail.get("note", "")
    why = f"the workshop's finding: {note}" if note else "the workshop's finding"
    place = Place(tenant, vehicle, event.code)
    _end(ledger, place, event, why, outcome, event.detail.get("actor", "workshop"))


def _end(
    ledger: Ledger, place: Place, event: VehicleEvent, why: str, outcome: str, actor: str = SYSTEM
) -> None:
    """Resolve what stands, and keep the part quiet until its risk has had time to come down."""
    track = place.vehicle.tracks.get(place.key)
    if track is None:
        return
    known: Outcome = outcome if outcome in _OUTCOMES else "confirmed_part"  # type: ignore[assignment]
    quiet = ledger.policies.rearm.quiet_until(known, event.time_ms)
    if track.alert is None:
        track.above, track.above_ms, track.quiet_until_ms = 0, 0, quiet
    elif track.alert.opened_ms <= event.time_ms:
        ledger.close(place, event.time_ms, why, actor=actor, outcome=outcome, quiet_until_ms=quiet)
