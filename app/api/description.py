"""The API's own description (OpenAPI 3.1): credentials, problems, headers that all routes share."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI

from app.access.rules import READS, Rule, rule_of
from app.api.files import CSV, PARQUET
from app.api.problems import MEDIA_TYPE

_Json = dict[str, Any]
_PROBLEM: Final[_Json] = {
    "title": "Problem",
    "description": "What, where, what to do (RFC 9457); `type` names it for programs.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "pattern": "^urn:telltale:problem:"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["where", "what"],
                "properties": {"where": {"type": "string"}, "what": {"type": "string"}},
            },
        },
    },
}
_SCHEMES: Final[_Json] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, `ttk_...`"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "telltale_session",
        "description": "Of a person who signed in; changes also need the header X-CSRF-Token.",
    },
}
_IDEMPOTENCY: Final[_Json] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Names the change, so that it is done once however often it is sent.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}
_IF_NONE_MATCH: Final[_Json] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of what is known already; 304 while it holds.",
    "schema": {"type": "string"},
}
_ETAG: Final[_Json] = {"description": "Names this content", "schema": {"type": "string"}}
_FILES: Final[Mapping[str, tuple[str, ...]]] = {
    "/api/alerts/export.csv": (CSV,),
    "/api/alerts/export.parquet": (PARQUET,),
    "/api/fleet/export.csv": (CSV,),
    "/api/fleet/export.parquet": (PARQUET,),
    "/api/workorders/export.ics": ("text/calendar",),
    "/api/workorders/export.csv": (CSV,),
    "/api/vehicles/{key}/photos/{photo}": ("image/jpeg", "image/png", "image/webp"),
    "/api/stream": ("text/event-stream",),
    "/metrics": ("text/plain",),
}
"""What is answered by routes whose answer isn't JSON."""


def describe(app: FastAPI) -> None:
    """Make `app.openapi()` tell all that is true of every route."""
    plain = app.openapi

    def described() -> _Json:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(plain())
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's documented way


def _completed(told: _Json) -> _Json:
    parts = told.setdefault("components", {})
    parts["securitySchemes"] = _SCHEMES
    parts.setdefault("schemas", {})["Problem"] = _PROBLEM
    for unused in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(unused, None)
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            _complete(path, method.upper(), operation)
    return told


def _complete(path: str, method: str, operation: _Json) -> None:
    rule = rule_of(method, path)
    if not rule.open:
        operation["security"] = [{name: []} for name in _SCHEMES]
        operation["x-roles"] = sorted(rule.roles)
    answers = operation["responses"]
    if path in _FILES:
        answers["200"]["content"] = {one: {"schema": {"type": "string"}} for one in _FILES[path]}
    for status in _problems(rule, path, method, operation):
        answers[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    parameters = operation.setdefault("parameters", [])
    if is_kept_once(method, path):
        parameters.append(_IDEMPOTENCY)
    elif has_etag(method, path) and "application/json" in answers["200"].get("content", ()):
        parameters.append(_IF_NONE_MATCH)
        answers["200"]["headers"] = {"ETag": _ETAG}
        answers["304"] = {"description": "It is still what the ETag names"}


def _problems(rule: Rule, path: str, method: str, operation: Mapping[str, Any]) -> Iterator[int]:
    yield from (500, 503)
    if not rule.open:
        yield from (401, 403, 429)
    if "{" in path or "requestBody" in operation or operation.get("parameters"):
        yield 404
    if method not in READS:
        yield 409
    if "requestBody" in operation:
        yield from (400, 413, 415)
    if "requestBody" in operation or operation.get("parameters") or is_kept_once(method, path):
        yield 422


def is_kept_once(method: str, path: str) -> bool:
    """Whether a change may be named by an Idempotency-Key."""
    return method not in READS and path.startswith("/api/")


def has_etag(method: str, path: str) -> bool:
    """Whether an answer in JSON bears an ETag."""
    return method in {"GET", "HEAD"} and path.startswith("/api/")
