"""`/figures`: what every number of the fleet page is made of."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.api import figures, words
from app.api.context import Wired
from app.api.fleet import fleet_page
from app.web.answering import answered
from app.web.render import render
from infra.reads.ranking import FleetFilter

router = APIRouter(include_in_schema=False)


@router.get("/figures")
def figures_html(request: Request, context: Wired) -> Response:
    """Every figure with its formula and its parts."""

    def work() -> Response:
        summary = context.summary()
        wanted = FleetFilter(show="staked", limit=50)
        vehicles, more = fleet_page(context, wanted, words.policy(summary.now_ms))
        return render(
            request,
            "figures.html",
            section="fleet",
            summary=summary,
            avoided=figures.avoided(context),
            announced=figures.announced(context),
            staked=vehicles,
            more=more,
        )

    return answered(request, work)
