"""`/api/vehicles/{key}/findings`: what the workshop found; it becomes a label for training."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from app.api import words
from app.api.acting import Accepted
from app.api.context import Wired
from app.api.given import Body
from app.api.photos import findings_of, photos_of
from app.api.problems import unknown
from app.api.vehicles import Key, registered
from contracts.alerts import Outcome
from contracts.records import VehicleEvent

router = APIRouter(prefix="/api/vehicles", tags=["vehicles"])


@dataclass(frozen=True)
class FindingView:
    """What was found of one failure mode; `photo` is empty without one. Time: Unix ms."""

    time_ms: int
    mode: str
    label: str
    outcome: str
    note: str
    actor: str
    photo: str


class Finding(Body):
    """What was found about one failure mode."""

    mode: Annotated[str, Field(min_length=1, max_length=100)]
    outcome: Outcome
    note: str = Field(default="", max_length=2_000)
    actor: str = Field(default="dashboard", min_length=1, max_length=100)
    photo: str = Field(default="", max_length=100, description="As POST .../photos named it")


@router.get("/{key:path}/findings")
def findings(
    context: Wired, key: Key, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> list[FindingView]:
    """What was found of this vehicle, the newest first."""
    found = registered(context, key)
    return [
        FindingView(
            one.time_ms,
            one.code,
            words.mode_label(found.profile, one.code),
            *(one.detail.get(name, "") for name in ("outcome", "note", "actor", "photo")),
        )
        for one in findings_of(context, found, limit)
    ]


@router.post("/{key:path}/findings", status_code=202)
def report_finding(context: Wired, key: Key, given: Finding) -> Accepted:
    """Put a finding into the vehicle's own history."""
    found = registered(context, key)
    if words.mode_of(found.profile, given.mode) is None:
        known = f"{found.profile} has no failure mode {given.mode!r}."
        raise unknown("failure mode", given.mode, known)
    if given.photo and photos_of(context).find(context.tenant, given.photo) is None:
        raise unknown("photo", given.photo, f"No photo {given.photo!r} is kept; send it first.")
    now = context.now_ms()
    detail = {"outcome": given.outcome, "note": given.note, "actor": given.actor}
    if given.photo:
        detail["photo"] = given.photo
    context.publisher.event(
        VehicleEvent(
            context.tenant, found.profile, found.vehicle_id, now, "finding", given.mode, detail
        )
    )
    return Accepted(f"{found.vehicle_id}-{given.mode}-{now}")
