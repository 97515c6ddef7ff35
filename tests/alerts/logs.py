"""Pieces of an alert log, and a pipeline that tells what it came to."""

from alerts.changes import Details
from alerts.pipeline import Pipeline
from alerts.policies import Policies
from alerts.state import State
from contracts.alert_log import Asked, Happened, Tick
from contracts.alerts import AlertCommand, Reason
from contracts.records import VehicleEvent
from contracts.risk import ModeRisk, RiskUpdate
from features.profile import builtin_profile

PROFILE = builtin_profile("truck-diesel")
INTERVAL = PROFILE.score_interval_ms
HOUR, DAY = 3_600_000, 86_400_000
START = 1_700_000_000_000
LINE = 0.2
PUMP, BATTERY, ALTERNATOR = "coolant_pump", "battery_24v", "alternator"


def policies(**more):
    lines = {mode.name: LINE for mode in PROFILE.modes}
    return Policies(lambda _profile, _model: lines, {PROFILE.name: PROFILE}, **more)


def score(vehicle, time_ms, tenant="t", **risks):
    """One update; modes that aren't named have next to no risk."""
    modes = [
        ModeRisk(mode.name, risk * 0.4, risk, min(1.0, risk * 1.5))
        for mode in PROFILE.modes
        for risk in [risks.get(mode.name, 0.01)]
    ]
    return [RiskUpdate(tenant, PROFILE.name, vehicle, time_ms, "m1", modes)]


def happened(kind, vehicle, time_ms, code, tenant="t", **detail):
    return Happened([VehicleEvent(tenant, PROFILE.name, vehicle, time_ms, kind, code, detail)])


def tick(time_ms, tenant="t"):
    return Tick(tenant, time_ms)


def asked(action, alert_id="", command_id="", **more):
    given = {"tenant": "t", "vehicle_id": "V1", "actor": "Ana", "time_ms": START} | more
    return Asked(
        AlertCommand(
            command_id=command_id or f"{action}-{alert_id}",
            alert_id=alert_id,
            action=action,
            **given,
        )
    )


class Desk:
    """A pipeline with its state; what came out, by id and in order."""

    def __init__(self, given=None, depots=None):
        self.pipeline, self.state = Pipeline(given or policies()), State()
        self.depots = depots or {}
        self.alerts, self.transitions, self.answers = {}, [], []
        self.silences, self.findings, self.wanted = {}, [], []

    def take(self, *messages, broker_ms=None):
        """Apply messages at once; the transitions that they made."""
        dated = [(one, broker_ms or _time_of(one)) for one in messages]
        ledger, changes = self.pipeline.step(self.state, dated, self.depots)
        for wanted in list(changes.wanted.values()):
            self.wanted.append(wanted)
            ledger.describe(wanted.alert_id, Details([Reason(f"at {wanted.time_ms}")], ["P1"]))
        self.alerts |= changes.alerts
        self.transitions += changes.transitions
        self.answers += changes.answers
        self.silences |= changes.silences
        self.findings += changes.findings
        return changes.transitions

    def restart(self):
        """Go on from what a snapshot would hold."""
        self.state = State.from_bytes(self.state.to_bytes())

    def run(self, vehicle, hots, mode=PUMP, start=0):
        """One score after the other, an interval apart, with these risks."""
        for number, risk in enumerate(hots, start=start):
            self.take(score(vehicle, START + number * INTERVAL, **{mode: risk}))
        return self.steps()

    def steps(self, vehicle="V1"):
        return [one.step for one in self.transitions if one.vehicle_id == vehicle]

    def only(self, vehicle="V1", condition="risk"):
        found = [
            one
            for one in self.alerts.values()
            if one.vehicle_id == vehicle and one.condition == condition
        ]
        assert len(found) == 1, found
        return found[0]


def _time_of(message):
    if isinstance(message, list):
        return message[0].time_ms
    if isinstance(message, Happened):
        return message.events[0].time_ms
    return message.command.time_ms if isinstance(message, Asked) else message.time_ms
