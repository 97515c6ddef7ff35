"""Whether a vehicle is heard, and in time: a silent one is never healthy."""

from alerts.ledger import Ledger
from alerts.state import LATE, LOST, Place, Tenant, Vehicle
from contracts.alerts import Alert, Condition, WaitingCost
from contracts.risk import ModeRisk

_NO_RISK = ModeRisk("", 0.0, 0.0, 0.0)
_NO_COST = WaitingCost(0.0, 0.0, "")


def hear(ledger: Ledger, tenant: Tenant, vehicle: Vehicle, now_ms: int) -> None:
    """The vehicle speaks: a silence is over."""
    if LOST in vehicle.tracks:
        place = Place(tenant, vehicle, LOST)
        if place.track.alert is not None:
            ledger.close(place, now_ms, "its data arrives again")
        else:
            del vehicle.tracks[LOST]


def note_delay(
    ledger: Ledger, tenant: Tenant, vehicle: Vehicle, time_ms: int, broker_ms: int
) -> None:
    """Open or close "data late" by how old the data was when it came."""
    contact = ledger.policies.contact
    late = broker_ms - time_ms > contact.late_ms and contact.is_live(tenant.now_ms, broker_ms)
    place = Place(tenant, vehicle, LATE)
    if not late:
        if LATE not in vehicle.tracks:
            return
        if place.track.alert is not None:
            ledger.close(place, tenant.now_ms, "its data arrives in time again")
        else:
            del vehicle.tracks[LATE]
        return
    place.track.above += 1
    track = place.track
    if track.alert is None and track.above >= 2 and tenant.now_ms >= track.quiet_until_ms:
        hours = (broker_ms - time_ms) / 3_600_000
        open_contact(
            ledger, place, "data_late", f"its data arrives {hours:.0f} h after it was measured"
        )


def open_contact(ledger: Ledger, place: Place, condition: Condition, why: str) -> None:
    """Open an alert about a vehicle's data, not about a part."""
    vehicle, now = place.vehicle, place.tenant.now_ms
    others = [one.alert for one in vehicle.tracks.values() if one.alert is not None]
    urgent = any(one.severity != "watch" for one in others)
    draft = Alert(
        "",
        vehicle.tenant,
        vehicle.profile,
        vehicle.vehicle_id,
        "",
        condition,
        "pending",
        "soon" if urgent else "watch",
        now,
        now,
        0,
        _NO_RISK,
        None,
        "",
        [],
        [],
        [],
        _NO_COST,
        depot=vehicle.depot,
    )
    ledger.open(place, draft, now, why)
    alert = place.track.alert
    if alert is not None:
        ledger.want(place, alert, vehicle.scored_ms, "")
