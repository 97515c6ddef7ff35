"""What people ask of alerts. Of two who act at once the first in the log wins; both are told."""

from collections.abc import Callable
from typing import Final

from alerts import silences
from alerts.ledger import REOPENED, SYSTEM, Ledger
from alerts.muting import Cause
from alerts.state import Place
from contracts.alerts import Alert, AlertCommand, Answer, Silence
from contracts.records import VehicleEvent

REMEMBERED: Final = 4_096
"""Commands that are known again when they come twice."""
LONGEST_MS: Final = 366 * 86_400_000
_LONGEST_TEXT: Final = 4_000


class Refused(Exception):  # noqa: N818 (an answer, not a failure)
    """The command can't be done; the text says why."""


def apply_command(ledger: Ledger, command: AlertCommand, broker_ms: int) -> None:
    """Do it or refuse it, and answer; one that came before changes nothing."""
    answered = ledger.state.answered
    if command.command_id in answered:
        return
    answered[command.command_id] = None
    while len(answered) > REMEMBERED:
        del answered[next(iter(answered))]
    tenant = ledger.state.tenant(command.tenant)
    # A person's clock may be wrong, and may not date a change behind others or into the future.
    latest = max(tenant.now_ms, broker_ms)
    time_ms = min(command.time_ms, latest) if command.time_ms > 0 else latest
    try:
        if command.actor in {"", SYSTEM}:
            raise Refused("say who asks: the actor")  # noqa: TRY301
        if len(command.why) > _LONGEST_TEXT:
            raise Refused(f"the text is longer than {_LONGEST_TEXT} characters")  # noqa: TRY301
        why = _ACTIONS[command.action](ledger, command, time_ms)
    except Refused as refused:
        _answer(ledger, command, time_ms, done=False, why=str(refused))
    else:
        _answer(ledger, command, time_ms, done=True, why=why)


def _acknowledge(ledger: Ledger, command: AlertCommand, time_ms: int) -> str:
    place, alert = _standing(ledger, command)
    if alert.state == "acknowledged" and not alert.snoozed_until_ms:
        raise Refused(f"{_last_actor(alert)} acknowledged it already")
    ledger.change(
        place,
        "acknowledged",
        time_ms,
        command.why,
        actor=command.actor,
        state="acknowledged",
        snoozed_until_ms=0,
        assignee=alert.assignee or command.assignee or command.actor,
        order_id=command.order_id,
    )
    return "acknowledged"


def _reopen(ledger: Ledger, command: AlertCommand, time_ms: int) -> str:
    place, alert = _standing(ledger, command)
    if alert.state == "open":
        raise Refused("nobody has acknowledged it")
    if command.order_id and alert.order_id != command.order_id:
        raise Refused(f"{_last_actor(alert)} has taken it up since")
    ledger.change(
        place,
        "reopened",
        time_ms,
        command.why,
        actor=command.actor,
        unattended_ms=time_ms,
        **REOPENED,
    )
    return "reopened"


def _assign(ledger: Ledger, command: AlertCommand, time_ms: int) -> str:
    place, alert = _standing(ledger, command)
    if alert.assignee == command.assignee:
        raise Refused(f"it is assigned to {alert.assignee or 'nobody'} already")
    why = f"assigned to {command.assignee or 'nobody'}"
    full = f"{why}: {command.why}" if command.why else why
    ledger.change(place, "assigned", time_ms, full, actor=command.actor, assignee=command.assignee)
    return why


def _comment(ledger: Ledger, command: AlertCommand, time_ms: int) -> str:
    if not command.why.strip():
        raise Refused("a comment needs a text")
    place = ledger.state.places.get(command.alert_id)
    if place is not None and place.tenant.name == command.tenant:
        ledger.change(place, "commented", time_ms, command.why, actor=command.actor)
        return "commented"
    closed = ledger.state.closed.get(command.alert_id)
    if closed is None or closed.tenant != command.tenant:
        raise Refused("there is no such alert")
    ledger.comment_closed(closed, time_ms, command.why, command.actor)
    return "commented"


def _snooze(ledger: Ledger, command: AlertCommand, time_ms: int) -> str:
    place, _ = _standing(ledger, command)
    _check_end(command, time_ms)
    ledger.change(
        place,
        "snoozed",
        time_ms,
        command.why,
        actor=command.actor,
        state="acknowledged",
        snoozed_until_ms=command.until_ms,
        order_id="",
    )
    return "snoozed"


def _resolve(ledger: Ledger, command: AlertCommand, time_ms: int) -> str:
    place, alert = _standing(ledger, command)
    if not command.outcome:
        raise Refused("say what was found: the outcome")
    now = max(time_ms, alert.updated_ms)
    ledger.close(
        place,
        now,
        command.why,
        actor=command.actor,
        outcome=command.outcome,
        quiet_until_ms=ledger.policies.rearm.quiet_until(command.outcome, now),
    )
    if alert.condition == "risk":
        ledger.changes.findings.append(_finding(alert, command, now))
    return f"resolved: {command.outcome.replace('_', ' ')}"


def _silence(ledger: Ledger, command: AlertCommand, time_ms: int) -> str:
    wrong = silences.complaint(command.matchers)
    if wrong:
        raise Refused(wrong)
    _check_end(command, time_ms)
    tenant = ledger.state.tenant(command.tenant)
    given = Silence(
        command.command_id,
        command.tenant,
        command.matchers,
        time_ms,
        command.until_ms,
        command.actor,
        command.why,
    )
    tenant.silences[given.silence_id] = ledger.changes.silences[given.silence_id] = given
    _mute_all(ledger, command.tenant, max(time_ms, tenant.now_ms), Cause(command.actor))
    return "silenced"


def _unsilence(ledger: Ledger, command: AlertCommand, time_ms: int) -> str:
    tenant = ledger.state.tenant(command.tenant)
    given = tenant.silences.pop(command.alert_id, None)
    if given is None:
        raise Refused("there is no such silence, or it is over")
    ended = Silence(
        given.silence_id,
        given.tenant,
        given.matchers,
        given.since_ms,
        max(given.since_ms, time_ms),
        given.actor,
        given.why,
    )
    ledger.changes.silences[given.silence_id] = ended
    why = f"ended the silence: {command.why}" if command.why else "ended the silence"
    _mute_all(ledger, command.tenant, max(time_ms, tenant.now_ms), Cause(command.actor, why))
    return "the silence is over"


_ACTIONS: Final[dict[str, Callable[[Ledger, AlertCommand, int], str]]] = {
    "acknowledge": _acknowledge,
    "reopen": _reopen,
    "assign": _assign,
    "comment": _comment,
    "snooze": _snooze,
    "resolve": _resolve,
    "silence": _silence,
    "unsilence": _unsilence,
}


def _standing(ledger: Ledger, command: AlertCommand) -> tuple[Place, Alert]:
    """The alert that is asked for, if it can still be acted on."""
    closed = ledger.state.closed.get(command.alert_id)
    if closed is not None and closed.tenant == command.tenant:
        found = closed.outcome.replace("_", " ")
        raise Refused(f"it is resolved already ({found})" if found else "it is resolved already")
    place = ledger.state.places.get(command.alert_id)
    alert = place.track.alert if place else None
    if place is None or alert is None or place.tenant.name != command.tenant:
        raise Refused("there is no such alert")
    if command.seen and alert.touched > command.seen:
        raise Refused(f"{_last_actor(alert)} changed it meanwhile; it is {alert.state} now")
    return place, alert


def _last_actor(alert: Alert) -> str:
    return alert.touched_by or "somebody"


def _check_end(command: AlertCommand, time_ms: int) -> None:
    if not time_ms < command.until_ms <= time_ms + LONGEST_MS:
        raise Refused("it has to end later than now and within a year")


def _mute_all(ledger: Ledger, tenant: str, now_ms: int, cause: Cause) -> None:
    for place, _ in ledger.state.active(tenant):
        ledger.relate(place, now_ms, cause)


def _finding(alert: Alert, command: AlertCommand, time_ms: int) -> VehicleEvent:
    detail = {
        "outcome": command.outcome,
        "note": command.why,
        "actor": command.actor,
        "alert": alert.alert_id,
    }
    return VehicleEvent(
        alert.tenant, alert.profile, alert.vehicle_id, time_ms, "finding", alert.mode, detail
    )


def _answer(ledger: Ledger, command: AlertCommand, time_ms: int, *, done: bool, why: str) -> None:
    ledger.changes.answers.append(
        Answer(
            command.command_id,
            command.tenant,
            command.vehicle_id,
            command.alert_id,
            command.action,
            command.actor,
            time_ms,
            done,
            why,
        )
    )
