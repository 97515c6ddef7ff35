"""Makes work orders of alerts, plans them, and closes them with what was found."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from alerts.workorder import (
    FARTHEST_DAYS,
    Day,
    bearable_days,
    choose_day,
    jobs_of,
    minutes_of,
    use_by_weekday,
)
from app.settings import WorkshopSettings
from contracts.alerts import Action, Alert, AlertCommand, Outcome
from contracts.errors import DataError
from contracts.records import VehicleEvent
from contracts.workorders import Job, OrderState, WorkOrder
from features.profile import Profile
from infra.workorders import ACTIVE, OrderFilter, WorkOrders

DAY_MS: Final = 86_400_000
_USE_DAYS: Final = 60


class Sender(Protocol):
    """Where commands and findings go. Calls return once the broker has them."""

    def command(self, command: AlertCommand) -> None:
        """A command to an alert."""
        ...

    def event(self, event: VehicleEvent) -> None:
        """An event of a vehicle."""
        ...


@dataclass(frozen=True)
class Workshop:
    """The workshops of one tenant; `now_ms` is the fleet's clock, `actor` who asks."""

    orders: WorkOrders
    sender: Sender
    settings: WorkshopSettings
    tenant: str
    actor: str
    now_ms: int

    def create(
        self, profile: Profile, depot: str, alerts: Sequence[Alert], note: str = ""
    ) -> WorkOrder:
        """One order for all these alerts of one vehicle; the alerts are taken care of from then
        on. Raises DataError.
        """
        jobs = jobs_of(profile, alerts)
        if not jobs:
            raise DataError("a work order needs an alert about a part that isn't resolved yet")
        vehicle_id = alerts[0].vehicle_id
        taken = {job.alert_id for one in self._active(vehicle_id) for job in one.jobs}
        double = sorted(taken & {job.alert_id for job in jobs})
        if double:
            raise DataError(f"{', '.join(double)} stands in a work order of this vehicle already")
        minutes = minutes_of(jobs)
        due_ms = self.now_ms + round(
            bearable_days(one.risk for one in alerts if one.condition == "risk") * DAY_MS
        )
        start_ms, why = self._propose(profile, vehicle_id, depot, minutes, due_ms)
        order = WorkOrder(
            f"WO-{uuid.uuid4().hex[:10]}",
            self.tenant,
            profile.name,
            vehicle_id,
            depot,
            "proposed",
            jobs,
            minutes,
            due_ms,
            start_ms,
            why,
            self.now_ms,
            self.now_ms,
            self.actor,
            1,
            uuid.uuid4().hex,
            note,
            [alert.alert_id for alert in alerts if alert.state == "open"],
        )
        self.orders.save(order)
        why = f"work order {order.order_id}"
        for alert in alerts:
            if alert.alert_id in order.acknowledged:
                time_ms = max(self.now_ms, alert.updated_ms + 1)
                self._ask(order, alert.alert_id, "acknowledge", time_ms, why)
        return order

    def plan(self, order: WorkOrder, start_ms: int, note: str = "") -> WorkOrder:
        """Fix when it begins. Raises DataError, OverwrittenError."""
        self._check(order)
        if not self.now_ms - DAY_MS <= start_ms <= self.now_ms + 366 * DAY_MS:
            raise DataError("a work order begins between yesterday and in a year")
        why = f"planned by {self.actor}"
        return self._write(order, "planned", start_ms=start_ms, why=why, note=note or order.note)

    def close(
        self, order: WorkOrder, found: Mapping[str, tuple[Outcome, str]], note: str = ""
    ) -> WorkOrder:
        """Done: what was found, by failure mode. The findings go into the vehicle's history, close
        the alerts and become labels. Raises DataError, OverwrittenError.
        """
        self._check(order)
        modes = {job.mode for job in order.jobs}
        if set(found) != modes:
            wrong = ", ".join(sorted(modes ^ set(found)))
            raise DataError(f"say for every part what was found, and for no other: {wrong}")
        jobs = [
            replace(job, outcome=found[job.mode][0], note=found[job.mode][1]) for job in order.jobs
        ]
        done = self._write(order, "done", jobs=jobs, note=note or order.note)
        for job in jobs:
            self.sender.event(self._finding(done, job))
        return done

    def cancel(self, order: WorkOrder, note: str = "") -> WorkOrder:
        """It won't be done; for the alerts that it acknowledged somebody is asked again. Raises
        DataError, OverwrittenError.
        """
        self._check(order)
        cancelled = self._write(order, "cancelled", note=note or order.note)
        why = f"work order {order.order_id} was cancelled"
        for alert_id in order.acknowledged:
            self._ask(cancelled, alert_id, "reopen", cancelled.updated_ms, why)
        return cancelled

    def _active(self, vehicle_id: str) -> list[WorkOrder]:
        return self.orders.of(self.tenant, OrderFilter(ACTIVE, (vehicle_id,)))

    def _check(self, order: WorkOrder) -> None:
        if order.state not in ACTIVE:
            raise DataError(f"work order {order.order_id} is {order.state} already")

    def _write(self, order: WorkOrder, state: OrderState, **fields: object) -> WorkOrder:
        fields |= {"updated_ms": max(self.now_ms, order.updated_ms + 1), "actor": self.actor}
        fields |= {"version": order.version + 1, "edit_id": uuid.uuid4().hex, "state": state}
        changed: WorkOrder = replace(order, **fields)
        self.orders.save(changed)
        return changed

    def _propose(
        self, profile: Profile, vehicle_id: str, depot: str, minutes: int, due_ms: int
    ) -> tuple[int, str]:
        zone = ZoneInfo(self.settings.timezone)
        today = datetime.fromtimestamp(self.now_ms / 1_000, zone).date()
        frames = self.orders.use(
            self.tenant, profile.name, vehicle_id, self.now_ms - _USE_DAYS * DAY_MS
        )
        days = self._days(depot, today, use_by_weekday(frames), zone)
        due = datetime.fromtimestamp(due_ms / 1_000, zone).date()
        visit = choose_day(days, minutes, due)
        if visit is None:
            raise DataError(f"the workshop has no room within {FARTHEST_DAYS} days")
        opens = time(self.settings.opens_hour, tzinfo=zone)
        return round(datetime.combine(visit.day, opens).timestamp() * 1_000), visit.why

    def _days(self, depot: str, today: date, use: Mapping[int, float], zone: ZoneInfo) -> list[Day]:
        """The days from tomorrow on at which the workshop is open."""
        booked: dict[date, int] = {}
        for start_ms, minutes in self.orders.booked(self.tenant, depot, self.now_ms):
            day = datetime.fromtimestamp(start_ms / 1_000, zone).date()
            booked[day] = booked.get(day, 0) + minutes
        days = [today + timedelta(days=ahead) for ahead in range(1, FARTHEST_DAYS + 1)]
        free = self.settings.minutes_per_day
        return [
            Day(day, max(0, free - booked.get(day, 0)), use[day.isoweekday()])
            for day in days
            if day.isoweekday() in self.settings.weekdays
        ]

    def _ask(self, order: WorkOrder, alert_id: str, action: Action, time_ms: int, why: str) -> None:
        self.sender.command(
            AlertCommand(
                uuid.uuid4().hex,
                self.tenant,
                order.vehicle_id,
                alert_id,
                action,
                self.actor,
                time_ms,
                why,
                order_id=order.order_id,
            )
        )

    def _finding(self, order: WorkOrder, job: Job) -> VehicleEvent:
        detail = {
            "outcome": job.outcome,
            "note": job.note,
            "actor": self.actor,
            "alert": job.alert_id,
            "order": order.order_id,
        }
        return VehicleEvent(
            order.tenant,
            order.profile,
            order.vehicle_id,
            order.updated_ms,
            "finding",
            job.mode,
            detail,
        )


def start_text(order: WorkOrder, zone: str) -> str:
    """When it begins, in the workshop's zone."""
    return f"{datetime.fromtimestamp(order.start_ms / 1_000, ZoneInfo(zone)):%Y-%m-%d %H:%M}"
