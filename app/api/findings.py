"""`/api/vehicles/{key}/findings`: what the workshop found; it becomes a label for training."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api import words
from app.api.acting import Accepted
from app.api.context import Wired
from app.api.photos import photos_of
from app.api.problems import bad_parameter
from app.api.vehicles import Key, registered
from contracts.alerts import Outcome
from contracts.records import VehicleEvent

router = APIRouter(prefix="/api/vehicles", tags=["vehicles"])


class Finding(BaseModel):
    """What was found about one failure mode."""

    model_config = ConfigDict(extra="forbid")

    mode: Annotated[str, Field(min_length=1, max_length=100)]
    outcome: Outcome
    note: str = Field(default="", max_length=2_000)
    actor: str = Field(default="dashboard", min_length=1, max_length=100)
    photo: str = Field(default="", max_length=100, description="As POST .../photos named it")


@router.post("/{key:path}/findings", status_code=202)
def report_finding(context: Wired, key: Key, given: Finding) -> Accepted:
    """Put a finding into the vehicle's own history."""
    found = registered(context, key)
    if words.mode_of(found.profile, given.mode) is None:
        raise bad_parameter("mode", f"{found.profile} has no failure mode {given.mode!r}")
    if given.photo and photos_of(context).find(context.tenant, given.photo) is None:
        raise bad_parameter("photo", f"no photo {given.photo!r} is kept; send it first")
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
