"""The alert log in, alerts out: `(input, state, now) -> (state, alerts, transitions)`.

Pure: time comes with the messages, lines from the model that made the score. What comes out depends
on the log alone, never on how it was cut into batches.
"""

from collections.abc import Iterable, Mapping

from alerts.changes import Changes
from alerts.commands import apply_command
from alerts.happenings import apply_event
from alerts.ledger import Ledger
from alerts.policies import Policies
from alerts.scores import apply_score
from alerts.signal import hear, note_delay
from alerts.state import LATE, State, Tenant, Vehicle
from alerts.timers import wake
from contracts.alert_log import Asked, Happened, Note, Tick
from contracts.records import VehicleEvent
from contracts.risk import RiskUpdate

Depots = Mapping[tuple[str, str], str]
"""Depots by (tenant, vehicle), of vehicles that are met for the first time."""
Message = list[RiskUpdate] | Note


class Pipeline:
    """Applies the alert log to a state. The state belongs to the caller and is changed."""

    def __init__(self, policies: Policies) -> None:
        self.policies = policies
        self._late_ms = policies.contact.late_ms

    def step(
        self, state: State, messages: Iterable[tuple[Message, int]], depots: Depots
    ) -> tuple[Ledger, Changes]:
        """Apply messages, each with the broker's timestamp, in order.

        The ledger is for `describe`, before the changes are stored.
        """
        ledger = Ledger(state, self.policies)
        for message, broker_ms in messages:
            if isinstance(message, list):
                self._scores(ledger, message, broker_ms, depots)
            elif isinstance(message, Happened):
                for event in message.events:
                    self._event(ledger, event, depots)
            elif isinstance(message, Asked):
                apply_command(ledger, message.command, broker_ms)
            elif isinstance(message, Tick):
                self._pass(ledger, state.tenant(message.tenant), message.time_ms)
        return ledger, ledger.changes

    def _scores(
        self, ledger: Ledger, updates: list[RiskUpdate], broker_ms: int, depots: Depots
    ) -> None:
        state, lines_of, late_before = ledger.state, self.policies.lines, broker_ms - self._late_ms
        tenants = state.tenants
        for update in updates:
            tenant = tenants.get(update.tenant) or state.tenant(update.tenant)
            vehicle = tenant.vehicles.get(update.vehicle_id)
            if vehicle is None:
                vehicle = _meet(tenant, update.vehicle_id, update.profile, depots)
            time_ms = update.time_ms
            if time_ms <= vehicle.scored_ms:
                continue
            vehicle.scored_ms = time_ms
            if time_ms > tenant.data_ms:
                tenant.data_ms, tenant.data_broker_ms = time_ms, broker_ms
            if time_ms > tenant.now_ms:
                vehicle.heard_ms = time_ms
                self._pass(ledger, tenant, time_ms)
            vehicle.heard_ms = tenant.now_ms
            if vehicle.tracks:
                hear(ledger, tenant, vehicle, tenant.now_ms)
            if time_ms < late_before or LATE in vehicle.tracks:
                note_delay(ledger, tenant, vehicle, time_ms, broker_ms)
            if update.modes:
                lines = lines_of(update.profile, update.model)
                apply_score(ledger, tenant, vehicle, update, lines)

    def _event(self, ledger: Ledger, event: VehicleEvent, depots: Depots) -> None:
        tenant = ledger.state.tenant(event.tenant)
        vehicle = tenant.vehicles.get(event.vehicle_id)
        if vehicle is None:
            vehicle = _meet(tenant, event.vehicle_id, event.profile, depots)
            vehicle.heard_ms = tenant.now_ms
        apply_event(ledger, tenant, vehicle, event)

    def _pass(self, ledger: Ledger, tenant: Tenant, time_ms: int) -> None:
        """The clock goes on, never back."""
        if time_ms > tenant.now_ms:
            tenant.now_ms = time_ms
            if time_ms >= tenant.wake_ms:
                wake(ledger, tenant)


def strangers(state: State, messages: Iterable[tuple[Message, int]]) -> set[tuple[str, str]]:
    """(tenant, vehicle) of those that the state doesn't know yet: their depots are asked for."""
    found: set[tuple[str, str]] = set()
    for message, _ in messages:
        if isinstance(message, list | Happened):
            for one in message if isinstance(message, list) else message.events:
                tenant = state.tenants.get(one.tenant)
                if tenant is None or one.vehicle_id not in tenant.vehicles:
                    found.add((one.tenant, one.vehicle_id))
    return found


def _meet(tenant: Tenant, vehicle_id: str, profile: str, depots: Depots) -> Vehicle:
    depot = depots.get((tenant.name, vehicle_id), "")
    vehicle = tenant.vehicles[vehicle_id] = Vehicle(tenant.name, vehicle_id, profile, depot)
    return vehicle
