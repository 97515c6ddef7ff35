"""`/api/vehicles/{key}/risk-history`: how the risk of one part went."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query

from app.api import words
from app.api.context import Wired
from app.api.problems import unknown
from app.api.vehicles import Key, registered
from infra.reads.fleet import DAY_MS
from infra.reads.vehicles import RiskPoint, risk_history

router = APIRouter(prefix="/api/vehicles", tags=["vehicles"])
POINTS = 500
LATEST_MS = 4_102_444_800_000
"""The year 2100."""
Since = Annotated[int | None, Query(ge=0, le=LATEST_MS, description="Unix ms; default 90 days")]


@dataclass(frozen=True)
class RiskHistory:
    """Risk of `mode`, at most 500 points, oldest first."""

    vehicle_id: str
    mode: str
    label: str
    since_ms: int
    points: list[RiskPoint]


@router.get("/{key:path}/risk-history")
def vehicle_risk_history(
    context: Wired,
    key: Key,
    mode: Annotated[str, Query(min_length=1, max_length=100)],
    since: Since = None,
) -> RiskHistory:
    """Risk of one failure mode over time."""
    found = registered(context, key)
    profile = words.profile_of(found.profile)
    if profile and not words.mode_of(found.profile, mode):
        known = ", ".join(one.name for one in profile.modes)
        detail = f"{profile.name} has no failure mode {mode!r}; it has {known}."
        raise unknown("failure mode", mode, detail)
    start = context.now_ms() - 90 * DAY_MS if since is None else since
    vehicle = (context.tenant, found.profile, found.vehicle_id)
    points = risk_history(context.store, vehicle, mode, start, POINTS)
    label = words.mode_label(found.profile, mode)
    return RiskHistory(found.vehicle_id, mode, label, start, points)
