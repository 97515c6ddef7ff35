"""Changes alerts in the state, one audited transition a change, and keeps what has to be stored."""

from typing import Any, Final

from msgspec.structs import replace

from alerts.changes import Changes, Details, Wanted
from alerts.fingerprint import Fingerprint, alert_id
from alerts.muting import Cause, muted_by
from alerts.policies import Policies
from alerts.state import Place, State, Tenant
from contracts.alerts import Alert, Severity, Step, Transition

SYSTEM = "alerter"
"""The actor of everything that no person did."""
REOPENED: Final[dict[str, Any]] = {
    "state": "open",
    "snoozed_until_ms": 0,
    "escalated": 0,
    "order_id": "",
}
"""What becomes of an alert for which somebody is asked anew."""
BY_ITSELF: Final = Cause(SYSTEM)
_MARKS: Final = frozenset({"muted", "unmuted"})
"""Steps that hinder nobody: who silences half a fleet has looked at none of its alerts."""
KEPT_MS = 30 * 86_400_000
"""How long a resolved alert is remembered, so that who comes too late is told."""


class Ledger:
    """The only writer of alerts. Callers look only at what they are about to change."""

    def __init__(self, state: State, policies: Policies) -> None:
        self.state, self.policies = state, policies
        self.changes = Changes()

    def open(self, place: Place, draft: Alert, since_ms: int, why: str) -> None:
        """Open the alert of `draft`, whose id and state are decided here, and whether it asks
        people to act.
        """
        now = draft.opened_ms
        mark = Fingerprint(draft.tenant, draft.vehicle_id, draft.mode, draft.condition)
        alert = replace(
            draft,
            alert_id=alert_id(mark, now),
            state="pending",
            version=1,
            updated_ms=now - 1,
            unattended_ms=now,
        )
        if not self._muted_by(place, alert, now)[0]:
            alert = replace(alert, **self._asking(place.tenant, alert, now))
        track = place.track
        track.alert, track.below_ms = alert, 0
        self.state.places[alert.alert_id] = place
        self._note(alert, "pending", "none", min(since_ms, now - 1), SYSTEM, "for the first time")
        self._put(place, alert)
        self.change(place, "opened", now, why, state="open")
        self.relate(place, now)

    def change(
        self,
        place: Place,
        step: Step,
        time_ms: int,
        why: str,
        *,
        actor: str = SYSTEM,
        **fields: Any,  # noqa: ANN401 (fields of Alert)
    ) -> Alert:
        """Write a change with its transition; the alert as it is now."""
        before = self._alert(place)
        version = before.version + 1
        if actor != SYSTEM and step not in _MARKS:
            fields |= {"touched": version, "touched_by": actor}
        # Changes of one moment follow each other by a millisecond: their rows have a key by time.
        now = max(time_ms, before.updated_ms + 1)
        after = replace(before, version=version, updated_ms=now, **fields)
        self._note(after, step, before.state, now, actor, why)
        self._put(place, after)
        return after

    def refresh(self, place: Place, time_ms: int, **fields: Any) -> Alert:  # noqa: ANN401
        """Write new figures; nothing that has to be audited."""
        before = self._alert(place)
        now = max(time_ms, before.updated_ms)
        after = replace(before, version=before.version + 1, updated_ms=now, **fields)
        self._put(place, after)
        return after

    def grade(
        self,
        place: Place,
        time_ms: int,
        why: str,
        severity: Severity,
        **fields: Any,  # noqa: ANN401
    ) -> None:
        """Change the severity. What was only watched asks people to act from now on, unless it is
        muted: then from when it isn't any more.
        """
        alert, tenant = self._alert(place), place.tenant
        step: Step = "severity"
        if alert.severity == "watch" and not alert.muted_by:
            step = "raised"
            self.policies.budget.spend(tenant.spent, len(tenant.vehicles), time_ms)
            fields |= {"raised_ms": time_ms, "unattended_ms": time_ms}
        self.change(place, step, time_ms, why, severity=severity, **fields)
        self.relate(place, time_ms)

    def close(
        self,
        place: Place,
        time_ms: int,
        why: str,
        *,
        actor: str = SYSTEM,
        outcome: str = "",
        quiet_until_ms: int = 0,
        **figures: Any,  # noqa: ANN401
    ) -> Alert:
        """Resolve the alert; its part stays quiet until then, if it is to."""
        now = max(time_ms, self._alert(place).updated_ms + 1)
        alert = self.change(
            place,
            "resolved",
            now,
            why,
            actor=actor,
            state="resolved",
            resolved_ms=now,
            outcome=outcome,
            snoozed_until_ms=0,
            **figures,
        )
        self.state.closed[alert.alert_id] = alert
        self.state.places.pop(alert.alert_id, None)
        track = place.track
        track.alert, track.above, track.above_ms, track.below_ms = None, 0, 0, 0
        track.quiet_until_ms = quiet_until_ms
        self.forget_idle(place)
        self.relate(place, now)
        return alert

    def want(self, place: Place, alert: Alert, time_ms: int, model: str) -> None:
        """Ask for the reasons of the score at this time."""
        track = place.track
        track.told_ms, track.told_risk = time_ms, alert.risk.risk_30
        self.changes.wanted[alert.alert_id] = Wanted(
            alert.alert_id,
            alert.tenant,
            place.vehicle.profile,
            alert.vehicle_id,
            alert.mode,
            time_ms,
            model,
        )

    def describe(self, alert_id: str, details: Details) -> None:
        """Add what store and model say. No change of its own: the row isn't written yet."""
        alert = self.changes.alerts[alert_id]
        full = replace(alert, reasons=list(details.reasons), fault_codes=list(details.fault_codes))
        self.changes.alerts[alert_id] = full
        place = self.state.places.get(alert_id)
        if place is not None:
            place.track.alert = full
        else:
            self.state.closed[alert_id] = full

    def comment_closed(self, alert: Alert, time_ms: int, why: str, actor: str) -> None:
        """A comment on what is resolved already."""
        version, now = alert.version + 1, max(time_ms, alert.updated_ms + 1)
        after = replace(alert, version=version, updated_ms=now, touched=version, touched_by=actor)
        self._note(after, "commented", alert.state, now, actor, why)
        self.state.closed[alert.alert_id] = self.changes.alerts[alert.alert_id] = after

    def relate(self, place: Place, now_ms: int, cause: Cause = BY_ITSELF) -> None:
        """Make the alert there and the vehicle's others quiet or loud, as silences and parents ask
        now: again while one changes another, and once an alert at most, so that modes that are
        each other's parents come to rest.
        """
        others = (key for key in place.vehicle.tracks if key != place.key)
        places = [place, *(Place(place.tenant, place.vehicle, key) for key in others)]
        for _ in places:
            changed = [self._mute(one, now_ms, cause) for one in places]
            if not any(changed):
                return

    def forget_idle(self, place: Place) -> None:
        """Drop a track that holds nothing."""
        track = place.vehicle.tracks.get(place.key)
        if track is not None and track.is_idle:
            del place.vehicle.tracks[place.key]

    def _mute(self, place: Place, now_ms: int, cause: Cause) -> bool:
        """Whether the alert there became quiet or loud."""
        track = place.vehicle.tracks.get(place.key)
        alert = track.alert if track else None
        if alert is None:
            return False
        wanted, why = self._muted_by(place, alert, now_ms)
        if wanted == alert.muted_by:
            return False
        # What happened before the alert opened may be told late.
        now = max(now_ms, alert.updated_ms)
        fields: dict[str, Any] = {"muted_by": wanted, "unattended_ms": now}
        if not wanted:
            why = cause.why
            fields |= self._asking(place.tenant, alert, now)
        step: Step = "muted" if wanted else "unmuted"
        self.change(place, step, now, why, actor=cause.actor, **fields)
        return True

    def _muted_by(self, place: Place, alert: Alert, now_ms: int) -> tuple[str, str]:
        modes = self.policies.modes.get(alert.profile, {})
        return muted_by(place.tenant, place.vehicle, alert, modes, now_ms)

    def _asking(self, tenant: Tenant, alert: Alert, now_ms: int) -> dict[str, Any]:
        """What becomes of an alert that is loud for the first time: it asks people to act, unless
        the week's budget is spent; then it is only watched.
        """
        if alert.raised_ms or alert.severity == "watch":
            return {}
        if alert.condition == "risk":
            budget, count = self.policies.budget, len(tenant.vehicles)
            if alert.severity != "critical" and not budget.has_room(tenant.spent, count, now_ms):
                return {"severity": "watch"}
            budget.spend(tenant.spent, count, now_ms)
        return {"raised_ms": now_ms}

    def _alert(self, place: Place) -> Alert:
        alert = place.track.alert
        if alert is None:
            raise LookupError(f"{place.vehicle.vehicle_id} has no alert at {place.key}")
        return alert

    def _put(self, place: Place, alert: Alert) -> None:
        place.track.alert = alert
        self.changes.alerts[alert.alert_id] = alert

    def _note(
        self, alert: Alert, step: str, before: str, time_ms: int, actor: str, why: str
    ) -> None:
        self.changes.transitions.append(
            Transition(
                alert.alert_id,
                alert.tenant,
                alert.vehicle_id,
                alert.mode,
                time_ms,
                actor,
                before,  # type: ignore[arg-type]
                alert.state,
                why,
                alert.version,
                step,  # type: ignore[arg-type]
            )
        )
