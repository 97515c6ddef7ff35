"""`/workorders`: what the workshop is to do, when, and what it found."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.api import words
from app.api.context import Wired
from app.api.cursor import Cursor
from app.api.workorders import Shown, filter_of, order, orders
from app.web.answering import Text, answered
from app.web.choices import choices, query_of
from app.web.render import render

router = APIRouter(include_in_schema=False)
SHOWS: tuple[Shown, ...] = ("active", "done", "cancelled")
_PAGE = 50


@dataclass(frozen=True)
class Chosen:
    """What the address asks for."""

    show: Shown
    depot: str

    def query(self, **other: str) -> str:
        """The address's query, some of it changed."""
        return query_of(vars(self), **other)

    @property
    def exported(self) -> str:
        """The query by which an export holds what is shown."""
        return self.query(show="", state=self.show)


@router.get("/workorders")
def orders_html(
    request: Request, context: Wired, show: Text = "active", depot: Text = "", cursor: Cursor = ""
) -> Response:
    """The work orders, the first to begin first."""
    shown: Shown = next((one for one in SHOWS if one == show), "active")

    def work() -> Response:
        found = orders(context, filter_of(shown, depot=depot), cursor, _PAGE)
        return render(
            request,
            "orders.html",
            section="workorders",
            chosen=Chosen(shown, depot),
            shows=SHOWS,
            orders=found.orders,
            later=bool(cursor),
            following=found.next_cursor,
            choices=choices(request, context),
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
