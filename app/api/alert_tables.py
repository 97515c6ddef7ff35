"""`/api/alerts/groups` and `/api/alerts/export.*`: alerts all at once."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from app.alerts_export import as_csv, as_parquet, table_of
from app.api import words
from app.api.alerts import STATES, Group
from app.api.context import Wired
from contracts.alerts import Severity
from infra.reads.alert_groups import AlertGroup, By, alert_groups
from infra.reads.triage import Listed, Only, Pile, TriageFilter, triage

router = APIRouter(prefix="/api/alerts", tags=["alerts"])
PARQUET = "application/vnd.apache.parquet"
_MOST = 50_000


@dataclass(frozen=True)
class GroupView:
    """The standing alerts of one vehicle, depot or failure mode; `key` names it, `label` in words.
    `at_stake`: what waiting 30 days is expected to cost. Time: Unix milliseconds.
    """

    key: str
    label: str
    alerts: int
    vehicles: int
    critical: int
    soon: int
    watch: int
    at_stake: float
    currency: str
    oldest_ms: int


def _only(
    severity: Severity | Literal[""] = "",
    depot: Annotated[str, Query(max_length=200)] = "",
    mode: Annotated[str, Query(max_length=100)] = "",
    profile: Annotated[str, Query(max_length=100)] = "",
) -> Only:
    return Only(severity, depot, mode, profile)


Narrowed = Annotated[Only, Depends(_only)]


def _found(
    context: Wired,
    only: Narrowed,
    pile: Annotated[
        Pile | Literal[""], Query(description="A pile of the alerts page; leave `state` out then")
    ] = "",
    state: Group | Literal[""] = "",
) -> list[Listed]:
    """What the page shows under the same parameters; without pile and state the active ones."""
    asked: Group = state or ("all" if pile else "active")
    states = STATES.get(asked, (asked,))
    wanted = TriageFilter(pile, context.now_ms(), only, states, limit=_MOST)
    return triage(context.store, context.tenant, wanted)


Found = Annotated[list[Listed], Depends(_found)]


@router.get("/groups")
def groups(
    context: Wired,
    only: Narrowed,
    by: By = "depot",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[GroupView]:
    """Standing alerts by vehicle, depot or failure mode, most money at stake first."""
    return [_view(by, one) for one in alert_groups(context.store, context.tenant, by, only, limit)]


@router.get("/export.csv", response_class=Response)
def csv(found: Found) -> Response:
    """At most 50,000 alerts for a spreadsheet, in the page's order or the newest opened first."""
    return _file("alerts.csv", "text/csv", as_csv(table_of(found)))


@router.get("/export.parquet", response_class=Response)
def parquet(found: Found) -> Response:
    """At most 50,000 alerts with their types, in the page's order or the newest opened first."""
    return _file("alerts.parquet", PARQUET, as_parquet(table_of(found)))


def _file(name: str, media: str, payload: bytes) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(payload, media_type=media, headers=headers)


def _view(by: By, one: AlertGroup) -> GroupView:
    label = words.mode_label(one.profile, one.key) if by == "mode" else one.key
    return GroupView(
        one.key,
        label,
        one.alerts,
        one.vehicles,
        one.critical,
        one.soon,
        one.watch,
        one.at_stake,
        words.currency_of(one.profile),
        one.oldest_ms,
    )
