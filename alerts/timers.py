"""What happens by itself as the fleet's clock goes on."""

from operator import attrgetter, itemgetter
from typing import Final

from alerts.ledger import KEPT_MS, REOPENED, SYSTEM, Ledger
from alerts.muting import Cause
from alerts.signal import open_contact
from alerts.state import LOST, Place, Tenant
from contracts.alerts import Alert

EVERY_MS: Final = 5 * 60_000
"""Event time between two looks at what may be due."""


def wake(ledger: Ledger, tenant: Tenant) -> None:
    """Do what has become due by the tenant's clock, dated by when it was due: how often the clock
    is looked at makes no difference.
    """
    now = tenant.now_ms
    tenant.wake_ms = now - now % EVERY_MS + EVERY_MS
    _end_silences(ledger, tenant, now)
    for place, alert in ledger.state.active(tenant.name):
        if alert.snoozed_until_ms and alert.snoozed_until_ms <= now:
            _wake_up(ledger, place, alert.snoozed_until_ms)
        elif ledger.policies.escalation.is_due(alert, now):
            level, due_ms = alert.escalated + 1, ledger.policies.escalation.due_ms(alert)
            why = f"nobody has acted on it; escalation {level}"
            ledger.change(place, "escalated", due_ms, why, escalated=level)
    _raise_best(ledger, tenant, now)
    if now >= tenant.look_ms:
        tenant.look_ms = now + ledger.policies.contact.look_every_ms
        _look_for_silent(ledger, tenant, now)
        _forget_closed(ledger, tenant, now)


def _wake_up(ledger: Ledger, place: Place, due_ms: int) -> None:
    ledger.change(
        place,
        "woken",
        due_ms,
        "the snooze is over",
        unattended_ms=due_ms,
        **REOPENED,
    )


def _end_silences(ledger: Ledger, tenant: Tenant, now: int) -> None:
    over = [one for one in tenant.silences.values() if one.until_ms <= now]
    for one in sorted(over, key=attrgetter("until_ms")):
        del tenant.silences[one.silence_id]
        cause = Cause(SYSTEM, f"the silence by {one.actor} is over")
        for place, _ in ledger.state.active(tenant.name):
            ledger.relate(place, one.until_ms, cause)


def _raise_best(ledger: Ledger, tenant: Tenant, now: int) -> None:
    """Give what room the budget has again to those watched alerts that save most."""
    budget, spent = ledger.policies.budget, tenant.spent
    watched = [
        (-alert.waiting.expected, alert.alert_id, place)
        for place, alert in ledger.state.active(tenant.name)
        if _waits_for_room(alert)
    ]
    for _, _, place in sorted(watched, key=itemgetter(0, 1)):
        if not budget.has_room(spent, len(tenant.vehicles), now):
            return
        ledger.grade(place, now, "the week's budget has room for it", "soon")


def _waits_for_room(alert: Alert) -> bool:
    wanted = alert.severity == "watch" and alert.condition == "risk" and not alert.muted_by
    return wanted and alert.risk.risk_30 >= alert.line


def _look_for_silent(ledger: Ledger, tenant: Tenant, now: int) -> None:
    """A vehicle is silent when two looks in a row say so: a clock that leaps, as after a weekend
    on which the whole fleet stood still, must not make everybody silent at once.
    """
    contact, profiles = ledger.policies.contact, ledger.policies.profiles
    silent_after = {name: profile.silent_after_ms for name, profile in profiles.items()}
    for vehicle in tenant.vehicles.values():
        limit = silent_after.get(vehicle.profile)
        if limit is None or not vehicle.scored_ms:
            continue
        if not contact.is_lost(vehicle.heard_ms, now, limit):
            continue
        place = Place(tenant, vehicle, LOST)
        track = place.track
        track.above += 1
        track.above_ms = track.above_ms or now
        if track.alert is None and track.above >= 2 and now >= track.quiet_until_ms:
            days = (now - vehicle.heard_ms) / 86_400_000
            why = f"nothing was heard of it for {days:.1f} days"
            open_contact(ledger, place, "signal_lost", why)


def _forget_closed(ledger: Ledger, tenant: Tenant, now: int) -> None:
    closed = ledger.state.closed
    old = [
        one.alert_id
        for one in closed.values()
        if one.tenant == tenant.name and one.resolved_ms < now - KEPT_MS
    ]
    for found in old:
        del closed[found]
