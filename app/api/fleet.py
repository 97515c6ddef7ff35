"""`/api/fleet`: how the fleet is, and its vehicles by money at stake."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from app.api import words
from app.api.context import Context, Wired
from app.api.cursor import Cursor, decode_cursor, encode_cursor
from app.api.summary import FleetSummary
from contracts.alerts import Alert
from infra.reads.fleet import FleetRow, fleet_parts, fleet_rows
from infra.reads.ranking import FleetFilter, Policy, Show, silent_vehicles

router = APIRouter(prefix="/api", tags=["fleet"])


@dataclass(frozen=True)
class Risk:
    """Chance of failure within 7, 30 and 90 days, from 0 to 1."""

    days_7: float
    days_30: float
    days_90: float


@dataclass(frozen=True)
class RulView:
    """Remaining useful life with its 90 % interval."""

    value: float
    low: float | None
    high: float | None
    unit: str


@dataclass(frozen=True)
class FleetVehicle:
    """A vehicle with its worst part: `state` is critical, soon, watch, silent, late (its data is),
    ok or unscored; `line` the 30-day risk at which that part's alert opens, None without a model.
    """

    vehicle_id: str
    profile: str
    plate: str
    vin: str
    model: str
    depot: str
    state: str
    mode: str
    mode_label: str
    risk: Risk | None
    rul: RulView | None
    at_stake: float
    currency: str
    reason: str
    seen_ms: int
    alert_id: str
    alert_state: str
    alerts: int
    line: float | None

    @property
    def is_held(self) -> bool:
        """Whether no alert stands though the risk is high: it is new, or the part just repaired."""
        high = self.risk is not None and self.line is not None and self.risk.days_30 >= self.line
        return high and self.state == "ok"


@dataclass(frozen=True)
class Fleet:
    """A page of vehicles; `next_cursor` is empty on the last."""

    summary: FleetSummary
    vehicles: list[FleetVehicle]
    next_cursor: str


def fleet_page(
    context: Context, wanted: FleetFilter, policy: Policy
) -> tuple[list[FleetVehicle], str]:
    """A page of vehicles and the cursor of the next, "" on the last."""
    limit, store, tenant = wanted.limit, context.store, context.tenant
    silent = _silent(context, wanted, policy)
    asked = replace(wanted, limit=limit + 1)
    rows, alerts = context.look(asked, lambda: fleet_rows(store, tenant, asked, policy, silent))
    more, rows = len(rows) > limit, rows[:limit]
    following = encode_cursor(rows[-1].at_stake, rows[-1].vehicle_id) if more else ""
    return _vehicles_of(context, rows, alerts), following


def whole_fleet(
    context: Context, wanted: FleetFilter, policy: Policy
) -> Iterator[list[FleetVehicle]]:
    """The next `limit` vehicles as a page has them, part by part."""
    silent = _silent(context, wanted, policy)
    for rows, alerts in fleet_parts(context.store, context.tenant, wanted, policy, silent):
        yield _vehicles_of(context, rows, alerts)


def _silent(context: Context, wanted: FleetFilter, policy: Policy) -> list[str]:
    """As `rank` asks for them."""
    if wanted.show != "silent":
        return []
    store, tenant = context.store, context.tenant
    return context.answers.silent.get(tenant, lambda: silent_vehicles(store, tenant, policy))


def _vehicles_of(
    context: Context, rows: Sequence[FleetRow], alerts: Mapping[str, Alert]
) -> list[FleetVehicle]:
    return [
        _vehicle_of(
            row,
            alerts.get(row.alert_id),
            context.vin(row.vin_last4, row.vin_sealed),
            _line(context, row),
        )
        for row in rows
    ]


def _line(context: Context, row: FleetRow) -> float | None:
    champion = context.champion_of(row.profile)
    return champion.lines.get(row.mode) if champion else None


def _vehicle_of(row: FleetRow, alert: Alert | None, vin: str, line: float | None) -> FleetVehicle:
    """A row of the store in words; `vin` as the caller may read it."""
    risk = None
    if row.risk_7 is not None and row.risk_30 is not None and row.risk_90 is not None:
        risk = Risk(row.risk_7, row.risk_30, row.risk_90)
    return FleetVehicle(
        row.vehicle_id,
        row.profile,
        row.plate,
        vin,
        row.model,
        row.depot,
        row.state,
        row.mode,
        words.mode_label(row.profile, row.mode),
        risk,
        rul_view(row.profile, row.rul, row.rul_low, row.rul_high),
        row.at_stake,
        (alert and alert.waiting.currency) or words.currency_of(row.profile),
        alert.reasons[0].text if alert and alert.reasons else "",
        row.seen_ms,
        row.alert_id,
        alert.state if alert else "",
        row.alerts,
        line,
    )


def rul_view(
    profile: str, value: float | None, low: float | None, high: float | None
) -> RulView | None:
    """The remaining useful life with its unit."""
    if value is None:
        return None
    found = words.profile_of(profile)
    return RulView(value, low, high, (found.rul_unit if found else "") or "d")


def _wanted(
    profile: Annotated[str, Query(max_length=100)] = "",
    depot: Annotated[str, Query(max_length=200)] = "",
    model: Annotated[str, Query(max_length=200, description="As registered")] = "",
    mode: Annotated[str, Query(max_length=100)] = "",
    q: Annotated[
        str, Query(max_length=100, description="Part of plate or id; a VIN or its last four")
    ] = "",
    *,
    needs: Annotated[
        bool, Query(description="Only vehicles with an alert that asks for someone")
    ] = False,
    silent: Annotated[
        bool, Query(description="Only silent vehicles, whatever `needs` says")
    ] = False,
) -> FleetFilter:
    show: Show = "silent" if silent else "needs" if needs else "all"
    return FleetFilter(profile, depot, model, mode, q.strip(), show)


Wanted = Annotated[FleetFilter, Depends(_wanted)]


@router.get("/fleet")
def fleet(
    context: Wired,
    wanted: Wanted,
    cursor: Cursor = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Fleet:
    """The fleet's counts, and its vehicles with most money at stake first."""
    asked = replace(wanted, after=decode_cursor(cursor), limit=limit)
    summary = context.summary()
    vehicles, following = fleet_page(context, asked, words.policy(summary.now_ms))
    return Fleet(summary, vehicles, following)
