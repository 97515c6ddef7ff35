"""Fleet, vehicle and system as pages."""

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.staticfiles import StaticFiles

from app.api import words
from app.api.context import Context, Wired
from app.api.cursor import decode_cursor
from app.api.fleet import FleetVehicle, fleet_page
from app.api.history import marks_of
from app.api.problems import log_unforeseen, problem_of
from app.api.status import status_view
from app.api.vehicles import Vehicle, describe, registered
from app.web import formats
from features.profile import profile_names
from infra.reads import summary as counts
from infra.reads.fleet import DAY_MS, FleetFilter
from infra.reads.vehicles import daily_risk

router = APIRouter(include_in_schema=False)
_PAGE = 25
_EVENT_DAYS = 180


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("app.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("money", "percent", "number", "span", "when", "spark"):
        environment.filters[name] = getattr(formats, name)
    environment.filters["segment"] = lambda text: quote(text, safe="")
    return environment


def _render(name: str, code: int = 200, /, **values: object) -> HTMLResponse:
    html = _templates().get_template(name).render(**values)
    return HTMLResponse(html, code, {"Cache-Control": "no-store"})


def mount(app: FastAPI) -> None:
    """Add the pages and their files."""
    app.include_router(router)
    folder = str(files("app.web").joinpath("static"))
    app.mount("/static", StaticFiles(directory=folder), name="static")


def _page(request: Request, work: Callable[[], Response]) -> Response:
    """The page, or one that says what is wrong and what to do."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 (whatever it is, a person gets a page)
        log_unforeseen(error, request)
        problem = problem_of(error)
        return _render("problem.html", problem.status, problem=problem, section="", q="")


Text = Annotated[str, Query(max_length=200)]


@router.get("/")
def fleet_html(  # noqa: PLR0913 (query parameters)
    request: Request,
    context: Wired,
    *,
    q: Text = "",
    profile: Text = "",
    depot: Text = "",
    mode: Text = "",
    show: Text = "needs",
    cursor: Annotated[str, Query(max_length=400)] = "",
    part: Text = "",
) -> Response:
    """The fleet: what needs someone, by money at stake; `part=live` gives only what changes."""

    def work() -> Response:
        text = q.strip()
        needs = show != "all" and not text
        place = decode_cursor(cursor)
        wanted = FleetFilter(profile, depot, mode, text, needs, place, _PAGE)
        summary = context.summary()
        vehicles, following = fleet_page(context, wanted, words.policy(summary.now_ms))
        if text and len(vehicles) == 1 and not part:
            return RedirectResponse(f"/vehicles/{quote(vehicles[0].vehicle_id, safe='')}", 303)
        chosen = {"q": text, "profile": profile, "depot": depot, "mode": mode, "show": show}
        query = urlencode({key: value for key, value in chosen.items() if value})
        return _render(
            "_fleet_live.html" if part == "live" else "fleet.html",
            section="fleet",
            q=text,
            summary=summary,
            vehicles=vehicles,
            sparks=_sparks(context, vehicles, summary.now_ms),
            following=following,
            chosen=chosen,
            query=query,
            needs=needs,
            choices=_choices(context),
        )

    return _page(request, work)


@router.get("/vehicles/{key:path}")
def vehicle_html(request: Request, context: Wired, key: str, part: Text = "") -> Response:
    """One vehicle; `part=live` gives only what changes."""

    def work() -> Response:
        found = registered(context, key)
        vehicle = describe(context, found)
        since = vehicle.freshness.now_ms - _EVENT_DAYS * DAY_MS
        profile = words.profile_of(found.profile)
        return _render(
            "_vehicle_live.html" if part == "live" else "vehicle.html",
            section="fleet",
            q="",
            vehicle=vehicle,
            marks=marks_of(context, found, since)[::-1],
            signal=_main_signal(vehicle),
            signals=profile.signals if profile else [],
            modes=profile.modes if profile else [],
            now_ms=vehicle.freshness.now_ms,
        )

    return _page(request, work)


@router.get("/status")
def status_html(request: Request, context: Wired) -> Response:
    """How the platform itself is."""

    def work() -> Response:
        return _render("status.html", section="system", q="", status=status_view(context))

    return _page(request, work)


def _sparks(context: Context, vehicles: list[FleetVehicle], now_ms: int) -> dict[str, list[float]]:
    wanted = [(one.profile, one.vehicle_id, one.mode) for one in vehicles if one.mode]
    return daily_risk(context.store, context.tenant, wanted, now_ms - 30 * DAY_MS)


def _choices(context: Context) -> dict[str, list[tuple[str, str]]]:
    """What the filters offer, as (value, label)."""
    present = [
        name for name in counts.profiles(context.store, context.tenant) if name in profile_names()
    ]
    modes = {
        mode.name: mode.label
        for name in present
        if (found := words.profile_of(name))
        for mode in found.modes
    }
    return {
        "depot": [(name, name) for name in counts.depots(context.store, context.tenant)],
        "profile": [(name, words.profile_label(name)) for name in present],
        "mode": sorted(modes.items(), key=lambda one: one[1]),
    }


def _main_signal(vehicle: Vehicle) -> str:
    """The signal to look at first: the one behind the strongest reason, else the worst part's."""
    for alert in vehicle.alerts:
        for reason in alert.reasons:
            if reason.signal:
                return reason.signal
    worst = vehicle.risks[0].mode if vehicle.risks else ""
    mode = words.mode_of(vehicle.profile, worst)
    return mode.signals[0] if mode and mode.signals else ""
