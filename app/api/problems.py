"""Errors as problem documents (RFC 9457): what, where, what to do."""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from app.web.texts import Texts
from app.web.viewer import viewer_of
from contracts.errors import TelltaleError, UnavailableError

MEDIA_TYPE = "application/problem+json"
_log = structlog.get_logger(__name__)


class ProblemError(HTTPException):
    """A request that can't be answered. `kind` names the problem for programs.

    It is an HTTPException, because FastAPI turns any other that comes from reading a body into 400.
    """

    def __init__(self, status: int, kind: str, title: str, detail: str, **more: object) -> None:
        super().__init__(status, detail)
        self.status = status
        self.kind = kind
        self.title = title
        self.more = more


def unauthorized(detail: str) -> ProblemError:
    """Nobody that we know asks."""
    problem = ProblemError(401, "unauthorized", "Who are you?", detail)
    problem.headers = {"WWW-Authenticate": 'Bearer realm="telltale"'}
    return problem


def forbidden(detail: str) -> ProblemError:
    """We know who asks; he may not."""
    return ProblemError(403, "forbidden", "Not allowed", detail)


def nothing_here() -> ProblemError:
    """No route has this path."""
    detail = "Nothing is here; /api/openapi.json lists what there is."
    return ProblemError(404, "not-found", "Not Found", detail)


def too_many(detail: str, wait_s: float) -> ProblemError:
    """Come again later; the request was not carried out."""
    problem = ProblemError(429, "too-many", "Too much at once", detail)
    problem.headers = {"Retry-After": str(max(1, math.ceil(wait_s)))}
    return problem


def too_large(limit: int) -> ProblemError:
    """A body over the limit; the rest of it was not read."""
    detail = f"The body is over {limit:,} bytes; send less at once."
    problem = ProblemError(413, "too-large", "Body too large", detail, limit=limit)
    # Else the server would go on taking in what nobody reads.
    problem.headers = {"Connection": "close"}
    return problem


def unknown_vehicle(key: str) -> ProblemError:
    """No vehicle has this id, VIN or plate."""
    detail = f"No vehicle has the id, VIN or plate {key!r}; GET /api/fleet?q= searches by a part."
    return ProblemError(404, "unknown-vehicle", "Unknown vehicle", detail, vehicle=key)


def unknown_alert(alert_id: str) -> ProblemError:
    """No alert has this id."""
    detail = f"No alert has the id {alert_id!r}; GET /api/alerts lists them."
    return ProblemError(404, "unknown-alert", "Unknown alert", detail, alert=alert_id)


def unknown(what: str, named: str, detail: str) -> ProblemError:
    """A request names something that isn't there, such as a mode; `detail`: a whole sentence."""
    kind = f"unknown-{what.replace(' ', '-')}"
    return ProblemError(404, kind, f"Unknown {what}", detail, named=named)


def bad_parameter(name: str, detail: str) -> ProblemError:
    """A parameter has a value that makes no sense here."""
    errors = [{"where": name, "what": detail}]
    return ProblemError(422, "bad-request", "Request not understood", detail, errors=errors)


def problem_of(error: Exception) -> ProblemError:
    """Any error as a problem; what we did not foresee is told without its insides."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, UnavailableError):
        return ProblemError(503, "unavailable", "Store or broker is away", str(error))
    if isinstance(error, TelltaleError):
        return ProblemError(500, "failed", "Request failed", str(error))
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        return _plain(error)
    detail = "The request failed inside Telltale; its log says why (`logs/api.log`)."
    return ProblemError(500, "failed", "Request failed", detail)


def problem_response(error: Exception, request: Request) -> Response:
    """The problem document of an error."""
    problem = problem_of(error)
    headers: Mapping[str, str] = getattr(error, "headers", None) or {}
    if problem.status == 503:
        headers = {**headers, "Retry-After": "5"}
    local = _texts(request).local
    body: dict[str, Any] = {
        "type": f"urn:telltale:problem:{problem.kind}",
        "title": local(problem.title),
        "status": problem.status,
        "detail": local(problem.detail),
        "instance": request.url.path,
        **problem.more,
    }
    return JSONResponse(body, problem.status, headers, MEDIA_TYPE)


def _texts(request: Request) -> Texts:
    """Those of who asks: a page shows what its request was answered."""
    return viewer_of(request.cookies, request.headers.get("accept-language", "")).texts


def log_unforeseen(error: Exception, request: Request) -> None:
    """Write what nobody foresaw to the log."""
    if problem_of(error).kind == "failed":
        _log.error("request failed", path=request.url.path, exc_info=error)


def register(app: FastAPI) -> None:
    """Answer every error of the API with a problem document."""

    def answer(request: Request, error: Exception) -> Response:
        log_unforeseen(error, request)
        response = problem_response(error, request)
        if response.status_code == 405:
            response.headers["Allow"] = ", ".join(_allowed(app, request.url.path))
        return response

    for kind in (ProblemError, TelltaleError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, answer)


def _allowed(app: FastAPI, path: str) -> list[str]:
    """The methods of the first route that the path fits; there may be a route a method."""
    routes = [(one.path, one.methods) for one in iter_route_contexts(app.routes)]
    fitting = (place for place, _ in routes if place and compile_path(place)[0].match(path))
    place = next(fitting, None)
    return sorted({name for other, names in routes if other == place for name in names or ()})


def _invalid(error: RequestValidationError) -> ProblemError:
    told: dict[str, str] = {}
    for one in error.errors():
        # Of a value that may be of several types each says why it is none: the first says most.
        told.setdefault(_place(one["loc"][1:]), one["msg"])
    found = [{"where": where, "what": what} for where, what in told.items()]
    detail = "; ".join(f"{where}: {what}" for where, what in told.items())
    return ProblemError(422, "bad-request", "Request not understood", detail, errors=found)


def _place(parts: Sequence[str | int]) -> str:
    """Where it is in the request, without pydantic's names of the types that were tried."""
    return ".".join(str(one) for one in parts if "[" not in str(one)) or "body"


def _plain(error: HTTPException) -> ProblemError:
    if error.status_code == 404:
        return nothing_here()
    title = HTTPStatus(error.status_code).phrase
    kind = title.lower().replace(" ", "-")
    return ProblemError(error.status_code, kind, title, f"{title}: {error.detail}")
