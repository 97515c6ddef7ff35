"""A vehicle's new score: conditions rise, alerts open, hold and close.

Most scores change nothing; they cost one comparison a mode.
"""

from collections.abc import Mapping
from math import inf, isfinite

from alerts.ledger import REOPENED, Ledger
from alerts.state import Place, Tenant, Track, Vehicle
from contracts.alerts import Alert, WaitingCost
from contracts.risk import ModeRisk, RiskUpdate
from features.profile import Mode, Profile


def apply_score(
    ledger: Ledger, tenant: Tenant, vehicle: Vehicle, update: RiskUpdate, lines: Mapping[str, float]
) -> None:
    """Compare every mode with its line. The caller has seen to the clock and to repeats."""
    tracks, settled = vehicle.tracks, vehicle.settled_ms
    for risk in update.modes:
        name = risk.mode
        line = lines.get(name, inf)
        if not (risk.risk_30 >= line or (tracks and name in tracks)):
            continue
        if update.time_ms > settled.get(name, 0) and isfinite(risk.risk_30):
            _judge(ledger, Place(tenant, vehicle, name), update, risk, line)


def _judge(ledger: Ledger, place: Place, update: RiskUpdate, risk: ModeRisk, line: float) -> None:
    profile = ledger.policies.profiles.get(update.profile)
    mode = ledger.policies.modes.get(update.profile, {}).get(risk.mode)
    if profile is None or mode is None:
        return
    track, time_ms = place.track, update.time_ms
    if track.alert is not None:
        _hold(ledger, place, update, risk, (profile, mode))
    elif risk.risk_30 >= line:
        if time_ms < track.quiet_until_ms:
            return
        _rise(ledger, place, update, risk, (profile, mode, line))
    else:
        track.above, track.above_ms = 0, 0
        if risk.risk_30 < ledger.policies.hysteresis.clears_below(line):
            track.quiet_until_ms = 0
        ledger.forget_idle(place)


def _rise(
    ledger: Ledger,
    place: Place,
    update: RiskUpdate,
    risk: ModeRisk,
    about: tuple[Profile, Mode, float],
) -> None:
    """One more score above the line: open, once that is certain enough."""
    profile, mode, line = about
    track, rules, now = place.track, ledger.policies.hysteresis, update.time_ms
    track.quiet_until_ms = 0
    track.above += 1
    track.above_ms = track.above_ms or now
    if not rules.opens(track.above, now - track.above_ms, profile.score_interval_ms):
        return
    why = f"30-day risk {risk.risk_30:.1%} at or above {line:.1%} in {track.above} scores"
    draft = Alert(
        "",
        update.tenant,
        update.profile,
        update.vehicle_id,
        mode.name,
        "risk",
        "pending",
        ledger.policies.severity.of(risk, mode.consequence),
        now,
        now,
        0,
        risk,
        update.rul,
        update.model,
        [],
        [],
        [check.text for check in mode.checks],
        waiting_cost(profile, mode, risk),
        depot=place.vehicle.depot,
        line=line,
        clears_below=rules.clears_below(line),
    )
    ledger.open(place, draft, track.above_ms, why)
    ledger.want(place, _alert(track), now, update.model)


def _hold(
    ledger: Ledger,
    place: Place,
    update: RiskUpdate,
    risk: ModeRisk,
    about: tuple[Profile, Mode],
) -> None:
    """A score of a standing alert: it may close, become more or less urgent, or just go on."""
    profile, mode = about
    track, now = place.track, update.time_ms
    alert = _alert(track)
    if risk.risk_30 < alert.clears_below:
        track.below_ms = track.below_ms or now
        if ledger.policies.hysteresis.clears(now - track.below_ms, profile.score_interval_ms):
            why = f"30-day risk stayed below {alert.clears_below:.1%}"
            ledger.close(place, now, why, risk=risk, rul=update.rul, model=update.model)
            return
    else:
        track.below_ms = 0
    graded = _grade(ledger, place, mode, risk, now)
    if graded or ledger.policies.refresh.is_due(alert, risk, now):
        waiting = waiting_cost(profile, mode, risk)
        ledger.refresh(place, now, risk=risk, rul=update.rul, model=update.model, waiting=waiting)
        told = (track.told_ms, track.told_risk)
        if graded or ledger.policies.refresh.is_unexplained(told, risk, now):
            ledger.want(place, _alert(track), now, update.model)


def _grade(ledger: Ledger, place: Place, mode: Mode, risk: ModeRisk, now: int) -> bool:
    """Change the severity where the risk asks for it; whether it did."""
    alert = _alert(place.track)
    severity = ledger.policies.severity.of(risk, mode.consequence, alert.severity)
    if severity == alert.severity or (alert.severity == "watch" and severity != "critical"):
        return False
    why = f"risk {risk.risk_7:.1%} in 7 days, {risk.risk_30:.1%} in 30"
    if severity == "critical" and alert.state == "acknowledged":
        # Whoever put it aside knew something less grave.
        why = f"{why}; opened again, because it has become critical"
        ledger.grade(place, now, why, severity, **REOPENED, unattended_ms=now)
    else:
        ledger.grade(place, now, why, severity)
    return True


def waiting_cost(profile: Profile, mode: Mode, risk: ModeRisk) -> WaitingCost:
    """What a breakdown within 30 days is expected to cost, beside the planned repair."""
    costs = mode.costs
    return WaitingCost(risk.risk_30 * costs.breakdown, costs.planned_repair, profile.currency)


def _alert(track: Track) -> Alert:
    if track.alert is None:
        raise LookupError("no alert here")
    return track.alert
