"""`/`: what needs someone, by money at stake."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.api import figures, words
from app.api.context import Context, Wired
from app.api.cursor import Cursor, decode_cursor
from app.api.fleet import FleetVehicle, fleet_page
from app.web.answering import Text, answered
from app.web.choices import choices, query_of
from app.web.render import render
from infra.reads.fleet import DAY_MS
from infra.reads.questions import ask, ask_together
from infra.reads.ranking import FleetFilter, Show
from infra.reads.vehicles import daily_risk
from infra.workorders import ACTIVE, OrderFilter, orders_of

router = APIRouter(include_in_schema=False)
SHOWS: tuple[Show, ...] = ("needs", "silent", "all")
_PAGE = 25
_ORDERS = 2_000


@dataclass(frozen=True)
class Chosen:
    """What the address asks for."""

    q: str
    show: Show
    depot: str
    profile: str
    model: str
    mode: str

    def query(self, **other: str) -> str:
        """The address's query, some of it changed."""
        return query_of(vars(self), **other)

    @property
    def exported(self) -> str:
        """The query by which an export holds what is shown."""
        shown = {} if self.show == "all" else {self.show: "true"}
        return query_of(vars(self), show="", **shown)


@router.get("/")
def fleet_html(  # noqa: PLR0913 (query parameters)
    request: Request,
    context: Wired,
    *,
    q: Text = "",
    profile: Text = "",
    depot: Text = "",
    model: Text = "",
    mode: Text = "",
    show: Text = "needs",
    cursor: Cursor = "",
    part: Text = "",
) -> Response:
    """The fleet; `part=live` gives only what changes, `part=chosen` also its address."""
    text = q.strip()
    shown: Show = next((one for one in SHOWS if one == show and not text), "all")
    chosen = Chosen(text, shown, depot, profile, model, mode)

    def work() -> Response:
        found = _found(request, context, chosen, cursor)
        only = found["vehicles"][0] if len(found["vehicles"]) == 1 else None
        if text and only and not part:
            return RedirectResponse(f"/vehicles/{quote(only.vehicle_id, safe='')}", 303)
        if part in {"live", "chosen"}:
            page = render(request, "_fleet_live.html", **found)
            if part == "chosen":
                page.headers["HX-Push-Url"] = f"/?{chosen.query()}"
            return page
        return render(request, "fleet.html", depots=figures.depots(context), **found)

    return answered(request, work)


def _found(request: Request, context: Context, chosen: Chosen, cursor: str) -> dict[str, Any]:
    summary = context.summary()
    wanted = FleetFilter(
        chosen.profile,
        chosen.depot,
        chosen.model,
        chosen.mode,
        chosen.q,
        chosen.show,
        decode_cursor(cursor),
        _PAGE,
    )
    vehicles, following = fleet_page(context, wanted, words.policy(summary.now_ms))
    planned, risk = _beside(context, vehicles, summary.now_ms)
    return {
        "section": "fleet",
        "q": chosen.q,
        "show": chosen.show,
        "summary": summary,
        "trends": figures.daily(context),
        "avoided": figures.avoided(context),
        "vehicles": vehicles,
        "planned": planned,
        "sparks": risk,
        "following": following,
        "chosen": chosen,
        "filtered": bool(chosen.depot or chosen.profile or chosen.model or chosen.mode),
        "choices": choices(request, context),
    }


def _beside(
    context: Context, vehicles: list[FleetVehicle], now_ms: int
) -> tuple[dict[str, str], dict[str, list[float]]]:
    """By vehicle of the page the work order that comes first, where one is open, and its risk of
    the last 30 days.
    """
    if not vehicles:
        return {}, {}
    standing = [one.vehicle_id for one in vehicles if one.alert_id]
    shown = [(one.profile, one.vehicle_id, one.mode) for one in vehicles if one.mode]
    risk = daily_risk(context.tenant, shown, now_ms - 30 * DAY_MS)

    def work() -> tuple[dict[str, str], dict[str, list[float]]]:
        if not standing:
            return {}, ask(context.store, risk)
        wanted = OrderFilter(ACTIVE, tuple(standing), limit=_ORDERS)
        open_orders = orders_of(context.tenant, wanted)
        orders, sparks = ask_together(context.store, open_orders, risk)
        return {one.vehicle_id: one.order_id for one in reversed(orders)}, sparks

    return context.look((tuple(standing), tuple(shown)), work)
