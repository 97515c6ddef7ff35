"""`/api/alerts/groups` and `/api/alerts/export.*`: alerts all at once."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.alerts_export import as_csv, as_parquet, table_of
from app.api import words
from app.api.alerts import STATES, Group
from app.api.context import Context, Wired
from contracts.alerts import Alert
from infra.reads.alert_groups import AlertGroup, By, alert_groups
from infra.reads.alerts import find_alerts

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


@router.get("/groups")
def groups(
    context: Wired, by: By = "depot", limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> list[GroupView]:
    """Standing alerts by vehicle, depot or failure mode, most money at stake first."""
    return [_view(by, one) for one in alert_groups(context.store, context.tenant, by, limit)]


@router.get("/export.csv", response_class=Response)
def csv(context: Wired, state: Group = "active") -> Response:
    """At most 50,000 alerts for a spreadsheet, the newest opened first."""
    return _file("alerts.csv", "text/csv", as_csv(table_of(_found(context, state))))


@router.get("/export.parquet", response_class=Response)
def parquet(context: Wired, state: Group = "active") -> Response:
    """At most 50,000 alerts with their types, the newest opened first."""
    return _file("alerts.parquet", PARQUET, as_parquet(table_of(_found(context, state))))


def _found(context: Context, state: Group) -> list[Alert]:
    return find_alerts(
        context.store, context.tenant, states=STATES.get(state, (state,)), limit=_MOST
    )


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
