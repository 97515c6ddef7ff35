"""`/api/workorders`: what a workshop is to do, so that a vehicle comes in once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from app.api.context import Context, Wired
from app.api.cursor import Cursor, decode_moment, encode_cursor
from app.api.given import Body, Whole
from app.api.problems import ProblemError
from app.api.vehicles import Named, narrowed_to, registered
from app.api.words import profile_of
from app.orders_export import as_calendar, as_csv
from app.workshop import Workshop
from contracts.alerts import Outcome
from contracts.errors import DataError
from contracts.workorders import Job, WorkOrder
from infra.reads.alerts import ACTIVE as STANDING
from infra.reads.alerts import alerts_by_id, find_alerts
from infra.reads.names import names_of, plates_of
from infra.workorders import ACTIVE, OrderFilter, OverwrittenError, WorkOrders

router = APIRouter(prefix="/api/workorders", tags=["work orders"])
Shown = Literal["active", "proposed", "planned", "done", "cancelled", "all"]
_STATES: dict[Shown, tuple[str, ...]] = {"active": ACTIVE, "all": ()}
_MOST = 5_000


@dataclass(frozen=True)
class CheckView:
    """A first check and the minutes it takes."""

    text: str
    minutes: int


@dataclass(frozen=True)
class JobView:
    """A part to look at, cheapest checks first; `outcome` and `note` once it was."""

    mode: str
    label: str
    part: str
    alert_id: str
    checks: list[CheckView]
    outcome: str
    note: str


@dataclass(frozen=True)
class OrderView:
    """A work order; `plate` and `model` are its vehicle's, "" where unknown. Times are Unix ms;
    `due_ms`: until then waiting is bearable by the risk.
    """

    order_id: str
    vehicle_id: str
    plate: str
    model: str
    profile: str
    depot: str
    state: str
    jobs: list[JobView]
    minutes: int
    due_ms: int
    start_ms: int
    why: str
    created_ms: int
    updated_ms: int
    actor: str
    version: int
    note: str


@dataclass(frozen=True)
class Orders:
    """Work orders, the first to begin first; `next_cursor` is empty on the last page."""

    orders: list[OrderView]
    next_cursor: str


class By(Body):
    """Who does it. `seen`: the version that was looked at; a newer one refuses the change."""

    actor: str = Field(default="dashboard", min_length=1, max_length=100)
    note: str = Field(default="", max_length=2_000)
    seen: Whole = Field(default=0, ge=0, le=2**53)


class NewOrder(By):
    """For a vehicle (id, VIN or plate) and some of its alerts; empty: all that stand."""

    vehicle: str = Field(min_length=1, max_length=128)
    alerts: list[Annotated[str, Field(max_length=100)]] = Field(default=[], max_length=50)


class Plan(By):
    """When it begins, Unix ms."""

    start_ms: Whole = Field(ge=0, le=2**53)


class Found(Body):
    """What was found of one part."""

    mode: str = Field(min_length=1, max_length=100)
    outcome: Outcome
    note: str = Field(default="", max_length=2_000)


class Closing(By):
    """What was found, a finding for every part of the order."""

    findings: list[Found] = Field(min_length=1, max_length=50)


def _wanted(
    context: Wired,
    state: Annotated[Shown, Query(description="Which ones")] = "active",
    vehicle: Named = "",
    depot: Annotated[str, Query(max_length=200, description="Whose workshop does them")] = "",
) -> OrderFilter:
    return filter_of(state, narrowed_to(context, vehicle), depot)


Wanted = Annotated[OrderFilter, Depends(_wanted)]


@router.get("")
def orders(
    context: Wired,
    wanted: Wanted,
    cursor: Cursor = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Orders:
    """Work orders, the first to begin first."""
    asked = replace(wanted, after=decode_moment(cursor), limit=limit + 1)
    found = _stored(context).of(context.tenant, asked)
    more, found = len(found) > limit, found[:limit]
    following = encode_cursor(found[-1].start_ms, found[-1].order_id) if more else ""
    return Orders(order_views(context, found), following)


@router.get("/export.ics", response_class=Response)
def calendar(context: Wired, wanted: Wanted) -> Response:
    """At most 5,000 work orders as a calendar, the first to begin."""
    return Response(as_calendar(*_exported(context, wanted)), media_type="text/calendar")


@router.get("/export.csv", response_class=Response)
def table(context: Wired, wanted: Wanted) -> Response:
    """At most 5,000 work orders for a spreadsheet, the first to begin, one line a part."""
    return Response(as_csv(*_exported(context, wanted)), media_type="text/csv")


@router.get("/{order_id}")
def order(context: Wired, order_id: str) -> OrderView:
    """One work order."""
    return _view(context, _found(context, order_id))


@router.post("", status_code=201)
def create(context: Wired, given: NewOrder) -> OrderView:
    """Make a work order of a vehicle's alerts; they are taken care of from then on."""
    found = registered(context, given.vehicle)
    profile = profile_of(found.profile)
    if profile is None:
        raise _refused(f"the profile {found.profile} is unknown here")
    if given.alerts:
        known = alerts_by_id(context.store, context.tenant, given.alerts)
        chosen = [one for one in known.values() if one.vehicle_id == found.vehicle_id]
        if len(chosen) != len(set(given.alerts)):
            raise _refused(f"not all of these alerts are of vehicle {found.vehicle_id}")
    else:
        chosen = find_alerts(
            context.store, context.tenant, states=STANDING, vehicle_id=found.vehicle_id
        )
    standing = [one for one in chosen if one.state != "resolved"]
    workshop = workshop_of(context, given.actor)
    try:
        return _view(context, workshop.create(profile, found.depot, standing, given.note))
    except DataError as error:
        raise _refused(str(error)) from None


@router.post("/{order_id}/plan")
def plan(context: Wired, order_id: str, given: Plan) -> OrderView:
    """Fix when it begins."""
    return _change(
        context, order_id, given, lambda shop, one: shop.plan(one, given.start_ms, given.note)
    )


@router.post("/{order_id}/close")
def close(context: Wired, order_id: str, given: Closing) -> OrderView:
    """Done: what was found becomes labels, and closes the alerts."""
    found = {one.mode: (one.outcome, one.note) for one in given.findings}
    return _change(context, order_id, given, lambda shop, one: shop.close(one, found, given.note))


@router.post("/{order_id}/cancel")
def cancel(context: Wired, order_id: str, given: By) -> OrderView:
    """It won't be done; the alerts that it acknowledged are open again."""
    return _change(context, order_id, given, lambda shop, one: shop.cancel(one, given.note))


def filter_of(state: Shown, vehicle_id: str = "", depot: str = "") -> OrderFilter:
    """At most 5,000 work orders in a state, of one vehicle and one depot ("" for all)."""
    vehicles = (vehicle_id,) if vehicle_id else ()
    return OrderFilter(_STATES.get(state, (state,)), vehicles, depot, limit=_MOST)


def workshop_of(context: Context, actor: str) -> Workshop:
    """The workshops of the caller's tenant, in his name."""
    return Workshop(
        _stored(context),
        context.publisher,
        context.settings.workshop,
        context.tenant,
        context.who.signs(actor),
        context.now_ms(),
    )


def order_views(context: Context, found: Sequence[WorkOrder]) -> list[OrderView]:
    """Work orders as the API gives them, with their vehicles' names looked up."""
    names = names_of(context.store, context.tenant, [one.vehicle_id for one in found])
    return [order_view(one, *names.get(one.vehicle_id, ("", ""))[:2]) for one in found]


def order_view(one: WorkOrder, plate: str, model: str) -> OrderView:
    """A work order as the API gives it."""
    return OrderView(
        one.order_id,
        one.vehicle_id,
        plate,
        model,
        one.profile,
        one.depot,
        one.state,
        [_job_view(job) for job in one.jobs],
        one.minutes,
        one.due_ms,
        one.start_ms,
        one.why,
        one.created_ms,
        one.updated_ms,
        one.actor,
        one.version,
        one.note,
    )


def _view(context: Context, one: WorkOrder) -> OrderView:
    return order_views(context, [one])[0]


def _job_view(job: Job) -> JobView:
    checks = [CheckView(text, minutes) for text, minutes in job.checks]
    return JobView(job.mode, job.label, job.part, job.alert_id, checks, job.outcome, job.note)


def _exported(context: Context, wanted: OrderFilter) -> tuple[list[WorkOrder], dict[str, str]]:
    """The work orders and their vehicles' plates."""
    found = _stored(context).of(context.tenant, wanted)
    return found, plates_of(context.store, context.tenant, [one.vehicle_id for one in found])


def _change(
    context: Context, order_id: str, given: By, change: Callable[[Workshop, WorkOrder], WorkOrder]
) -> OrderView:
    """Change the newest version. Raises ProblemError: who comes too late is told."""
    found = _found(context, order_id)
    if given.seen and found.version > given.seen:
        raise _too_late(f"{found.actor} changed work order {order_id} meanwhile: {found.state}")
    try:
        return _view(context, change(workshop_of(context, given.actor), found))
    except OverwrittenError as error:
        raise _too_late(str(error)) from None
    except DataError as error:
        raise _refused(str(error)) from None


def _found(context: Context, order_id: str) -> WorkOrder:
    found = _stored(context).find(context.tenant, order_id)
    if found is None:
        detail = f"No work order has the id {order_id!r}; GET /api/workorders lists them."
        raise ProblemError(404, "unknown-order", "Unknown work order", detail, order=order_id)
    return found


def _stored(context: Context) -> WorkOrders:
    return WorkOrders(context.store)


def _too_late(detail: str) -> ProblemError:
    return ProblemError(409, "too-late", "Someone was faster", detail)


def _refused(detail: str) -> ProblemError:
    return ProblemError(409, "refused", "Not done", detail)
