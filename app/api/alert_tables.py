"""`/api/alerts`, `/api/alerts/groups` and `/api/alerts/export.*`: alerts all at once."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from app.alerts_export import table_of
from app.api import words
from app.api.alerts import STATES, AlertView, Group, alert_views
from app.api.context import Wired
from app.api.cursor import Cursor, decode_moment, encode_cursor
from app.api.files import csv_file, parquet_file
from app.api.vehicles import Named, narrowed_to
from contracts.alerts import Severity
from infra.reads.alert_groups import AlertGroup, By, alert_groups
from infra.reads.triage import Listed, Only, Pile, TriageFilter, newest, triage

router = APIRouter(prefix="/api/alerts", tags=["alerts"])
MOST = 50_000


@dataclass(frozen=True)
class AlertPage:
    """Alerts, the newest opened first; `next_cursor` is empty on the last page."""

    alerts: list[AlertView]
    next_cursor: str


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
    context: Wired,
    severity: Severity | Literal[""] = "",
    depot: Annotated[str, Query(max_length=200)] = "",
    mode: Annotated[str, Query(max_length=100)] = "",
    profile: Annotated[str, Query(max_length=100)] = "",
    vehicle: Named = "",
) -> Only:
    return Only(severity, depot, mode, profile, narrowed_to(context, vehicle))


Narrowed = Annotated[Only, Depends(_only)]


def wanted_of(
    context: Wired,
    only: Narrowed,
    pile: Annotated[
        Pile | Literal[""], Query(description="A pile of the alerts page; leave `state` out then")
    ] = "",
    state: Group | Literal[""] = "",
) -> TriageFilter:
    """What the page shows under the same parameters; without pile and state the active ones."""
    asked: Group = state or ("all" if pile else "active")
    return TriageFilter(pile, context.now_ms(), only, STATES.get(asked, (asked,)), limit=MOST)


Wanted = Annotated[TriageFilter, Depends(wanted_of)]


def _found(context: Wired, wanted: Wanted) -> list[Listed]:
    return triage(context.store, context.tenant, wanted)


Found = Annotated[list[Listed], Depends(_found)]


@router.get("")
def alerts(
    context: Wired,
    wanted: Wanted,
    cursor: Cursor = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AlertPage:
    """Alerts, the newest opened first: those of a pile too, so that a page's place stays where it
    is while risks change. In the pile's own order they are in the exports.
    """
    asked = replace(wanted, limit=limit + 1)
    found = newest(context.store, context.tenant, asked, decode_moment(cursor))
    more, found = len(found) > limit, found[:limit]
    following = encode_cursor(found[-1].opened_ms, found[-1].alert_id) if more else ""
    return AlertPage(alert_views(context, found), following)


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
    return csv_file("alerts", table_of(found))


@router.get("/export.parquet", response_class=Response)
def parquet(found: Found) -> Response:
    """At most 50,000 alerts with their types, in the page's order or the newest opened first."""
    return parquet_file("alerts", table_of(found))


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
