"""Work orders for calendars (iCalendar, RFC 5545) and spreadsheets (CSV)."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from icalendar import Calendar, Event

from app.tables import harmless
from contracts.workorders import WorkOrder

_STATUS: Final = {
    "proposed": "TENTATIVE",
    "planned": "CONFIRMED",
    "done": "CONFIRMED",
    "cancelled": "CANCELLED",
}
COLUMNS: Final = (
    "order",
    "state",
    "vehicle",
    "plate",
    "profile",
    "depot",
    "start",
    "minutes",
    "bearable until",
    "part",
    "what",
    "checks",
    "outcome",
    "finding",
    "note",
)


def as_calendar(orders: Iterable[WorkOrder], plates: Mapping[str, str]) -> bytes:
    """One event an order, named by its vehicle's plate or else id; a calendar that reads it again
    replaces what it has.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Telltale//work orders//EN")
    calendar.add("version", "2.0")
    for order in orders:
        event = Event()
        event.add("uid", f"{order.order_id}@telltale")
        event.add("sequence", order.version)
        event.add("dtstamp", _moment(order.updated_ms))
        event.add("dtstart", _moment(order.start_ms))
        event.add("dtend", _moment(order.start_ms) + timedelta(minutes=order.minutes))
        event.add("status", _STATUS[order.state])
        parts = ", ".join(job.label for job in order.jobs)
        event.add("summary", f"{plates.get(order.vehicle_id) or order.vehicle_id}: {parts}")
        event.add("location", order.depot)
        event.add("description", _description(order))
        calendar.add_component(event)
    found: bytes = calendar.to_ical()
    return found


def as_csv(orders: Iterable[WorkOrder], plates: Mapping[str, str]) -> str:
    """One line a part. Text that a spreadsheet would take for a formula gets an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for order in orders:
        for job in order.jobs:
            row = (
                order.order_id,
                order.state,
                order.vehicle_id,
                plates.get(order.vehicle_id, ""),
                order.profile,
                order.depot,
                _moment(order.start_ms).isoformat(),
                order.minutes,
                _moment(order.due_ms).isoformat(),
                job.part,
                job.label,
                "; ".join(f"{what} ({minutes} min)" for what, minutes in job.checks),
                job.outcome,
                job.note,
                order.note,
            )
            writer.writerow(harmless(value) for value in row)
    return text.getvalue()


def _description(order: WorkOrder) -> str:
    lines = [
        f"Work order {order.order_id}, {order.state}",
        f"Vehicle {order.vehicle_id}",
        order.why,
    ]
    for job in order.jobs:
        lines.append(f"{job.label} ({job.part}):")
        lines += [f"- {what} ({minutes} min)" for what, minutes in job.checks]
    return "\n".join([*lines, order.note]).strip()


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds // 1_000, UTC)
