"""`/workorders`: what the workshop is to do, when, and what it found."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.api import words
from app.api.context import Wired
from app.api.workorders import order, orders
from app.web.answering import Text, answered
from app.web.render import render

router = APIRouter(include_in_schema=False)
SHOWS = ("active", "done", "cancelled")
_PAGE = 50


@router.get("/workorders")
def orders_html(
    request: Request,
    context: Wired,
    show: Text = "active",
    page: Annotated[int, Query(ge=0, le=2_000)] = 0,
) -> Response:
    """The work orders, the first to begin first."""
    chosen = show if show in SHOWS else "active"

    def work() -> Response:
        found = orders(context, state=chosen, offset=page * _PAGE, limit=_PAGE)  # type: ignore[arg-type]  # one of SHOWS
        return render(
            request,
            "orders.html",
            section="workorders",
            show=chosen,
            shows=SHOWS,
            orders=found.orders,
            more=found.more,
            page=page,
        )

    return answered(request, work)


@router.get("/workorders/{order_id}")
def order_html(request: Request, context: Wired, order_id: str) -> Response:
    """One work order: parts and checks, when, and the form for what was found."""

    def work() -> Response:
        found = order(context, order_id)
        return render(
            request,
            "order.html",
            section="workorders",
            order=found,
            profile_label=words.profile_label(found.profile),
        )

    return answered(request, work)
