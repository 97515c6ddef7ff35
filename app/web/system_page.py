"""`/status`: how the platform itself is."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.api.context import Wired
from app.api.status import status_view
from app.web.answering import answered
from app.web.render import render

router = APIRouter(include_in_schema=False)


@router.get("/status")
def status_html(request: Request, context: Wired) -> Response:
    """How the platform itself is."""

    def work() -> Response:
        return render(request, "status.html", section="system", status=status_view(context))

    return answered(request, work)
