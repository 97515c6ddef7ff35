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
    for mode in ledger.policies.modes.get(event.profile, {}).values():
        place = Place(tenant, vehicle, mode.name)
        if event.kind == "replacement" and mode.part == event.code:
            _settle(ledger, place, event, f"{mode.part} was replaced")
        elif event.kind == "failure" and mode.name == event.code:
            _settle(ledger, place, event, f"{mode.label} failed", outcome="confirmed_part")
        elif event.kind == "finding" and mode.name == event.code:
            _found(ledger, place, event)


def _found(ledger: Ledger, place: Place, event: VehicleEvent) -> None:
    outcome = event.detail.get("outcome", "")
    if outcome not in _OUTCOMES:
        return
    note = event.detail.get("note", "")
    why = f"the workshop's finding: {note}" if note else "the workshop's finding"
    actor = event.detail.get("actor", "") or "workshop"
    _settle(ledger, place, event, why, outcome=outcome, actor=actor)


def _settle(
    ledger: Ledger,
    place: Place,
    event: VehicleEvent,
    why: str,
    *,
    outcome: str = "",
    actor: str = SYSTEM,
) -> None:
    """Resolve what stands, and keep the part quiet until its risk has had time to come down."""
    if event.time_ms <= place.vehicle.settled_ms.get(place.key, 0):
        return
    place.vehicle.settled_ms[place.key] = event.time_ms
    track = place.vehicle.tracks.get(place.key)
    if track is None:
        return
    known: Outcome = outcome if outcome in _OUTCOMES else "confirmed_part"  # type: ignore[assignment]
    quiet = ledger.policies.rearm.quiet_until(known, event.time_ms)
    if track.alert is None:
        track.above, track.above_ms, track.quiet_until_ms = 0, 0, quiet
    elif track.alert.opened_ms <= event.time_ms:
        ledger.close(place, event.time_ms, why, actor=actor, outcome=outcome, quiet_until_ms=quiet)
