"""Lets a request in, or not: who asks, may he, how often, and how much at once.

Stands before the routes, so that an unknown caller's body is never read. What a caller changes is
written to the audit log before he hears of it.
"""

import hmac
import time
import uuid
from urllib.parse import quote, urlsplit

import structlog
from anyio.to_thread import run_sync
from fastapi import Request
from starlette.datastructures import FormData, Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access.caller import Caller
from app.access.credentials import key_of, session_token
from app.access.door import Door, RefusedError
from app.access.limits import Buckets
from app.access.rules import READS, REST, Rule, rule_of
from app.api.context import Context
from app.api.problems import (
    ProblemError,
    forbidden,
    nothing_here,
    problem_of,
    problem_response,
    too_large,
    too_many,
    unauthorized,
)
from contracts.access import Deed
from contracts.errors import TelltaleError
from infra.access.audit import Audit

CSRF_HEADER = "x-csrf-token"
_BURST = 4
_BAD_TRIES = Buckets(rate=2.0, burst=60.0)
"""Wrong credentials by address: each one costs a question to the store."""
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_UNAUDITED = frozenset({"/v1/telemetry", "/display"})
_log = structlog.get_logger(__name__)


class Gate:
    """See the module. The caller is left in `scope["state"]["caller"]`."""

    def __init__(self, app: ASGIApp, context: Context, door: Door) -> None:
        self._app = app
        self._context = context
        self._door = door
        rate = context.settings.api.requests_per_s
        self._buckets = Buckets(rate, rate * _BURST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        rule = rule_of(scope["method"], scope["path"])
        state = scope.setdefault("state", {})
        try:
            state["caller"] = caller = await self._admit(scope, rule)
        except (ProblemError, TelltaleError) as error:
            await _refusal(scope, problem_of(error))(scope, receive, send)
            return
        limit = self._context.settings.api.max_body_bytes
        told = send
        if caller and scope["method"] not in READS and scope["path"] not in _UNAUDITED:
            told = self._audited(scope, caller, send)
        await self._app(scope, _limited(receive, limit), told)

    async def _admit(self, scope: Scope, rule: Rule) -> Caller | None:
        """Who asks, None where that doesn't matter. Raises ProblemError, UnavailableError."""
        if rule.open:
            return None
        headers = Headers(scope=scope)
        try:
            caller = await run_sync(self._door.caller, headers)
        except RefusedError as error:
            raise self._refused(scope, str(error), given=_given(headers)) from None
        home = self._context.settings.tenant
        if caller.role not in rule.roles:
            if rule is REST:
                raise nothing_here()
            raise forbidden(f"The role {caller.role} may not do this; ask an administrator.")
        if rule.home and caller.tenant != home:
            raise forbidden(f"This belongs to the whole installation; only {home} may see it.")
        if not caller.is_open:
            wait_s = self._buckets.take(caller.credential, time.monotonic())
            if wait_s:
                raise too_many("You ask too often; wait, then go on more slowly.", wait_s)
        self._check_csrf(scope, headers, caller)
        return caller

    def _refused(self, scope: Scope, detail: str, *, given: bool) -> ProblemError:
        address = scope["client"][0] if scope.get("client") else ""
        wait_s = _BAD_TRIES.take(address, time.monotonic()) if given else 0.0
        if wait_s:
            return too_many("Too many wrong credentials from this address; wait.", wait_s)
        return unauthorized(detail)

    def _check_csrf(self, scope: Scope, headers: Headers, caller: Caller) -> None:
        """A change that a session's cookie came with needs the session's token; that of a form is
        looked at by `checked_form`, once the form is read.
        """
        if not caller.csrf or scope["method"] in READS:
            return
        given = headers.get(CSRF_HEADER)
        if given is None and headers.get("content-type", "").startswith(_FORMS):
            scope["state"]["csrf_pending"] = True
        elif not hmac.compare_digest((given or "").encode(), caller.csrf.encode()):
            raise forbidden(f"The header {CSRF_HEADER} is missing or of another session; reload.")

    def _audited(self, scope: Scope, caller: Caller, send: Send) -> Send:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._context.answers.looks.forget(caller.tenant)
                await run_sync(self._write_down, scope, caller, message["status"])
            await send(message)

        return told

    def _write_down(self, scope: Scope, caller: Caller, status: int) -> None:
        deed = Deed(
            uuid.uuid4().hex,
            caller.tenant,
            self._context.wall_ms(),
            caller.name or "local",
            caller.role,
            caller.credential,
            scope["method"],
            scope["path"][:500],
            status,
        )
        try:
            Audit(self._context.store).add(deed)
        except TelltaleError as error:
            # The work is done; the log file is the next best place.
            _log.error("audit row could not be stored", reason=str(error), deed=repr(deed))


async def checked_form(request: Request) -> None:
    """Every route depends on it: a form of a session has to hold the session's `csrf`."""
    state = request.scope.get("state", {})
    if not state.get("csrf_pending"):
        return
    form: FormData = await request.form()
    given = form.get("csrf")
    caller: Caller = state["caller"]
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), caller.csrf.encode()):
        raise forbidden("The form is of another session or too old; reload the page.")


def _given(headers: Headers) -> bool:
    return bool(key_of(headers) or session_token(headers))


def _refusal(scope: Scope, problem: ProblemError) -> Response:
    """The problem, or for a person's browser the way to the sign-in page."""
    request = Request(scope)
    if problem.status != 401:
        return problem_response(problem, request)
    if request.headers.get("hx-request"):
        # A part of a page can't become the sign-in page: the whole one has to.
        shown = urlsplit(request.headers.get("hx-current-url", "")).path
        problem.headers = {**(problem.headers or {}), "HX-Redirect": _sign_in(shown or "/")}
    elif "text/html" in request.headers.get("accept", ""):
        back = scope["path"] if scope["method"] == "GET" else "/"
        return RedirectResponse(_sign_in(back), 303)
    return problem_response(problem, request)


def _sign_in(back: str) -> str:
    return f"/sign-in?next={quote(back, safe='')}"


def _limited(receive: Receive, limit: int) -> Receive:
    """`receive` that raises ProblemError as soon as the body is over the limit."""
    taken = 0

    async def limited() -> Message:
        nonlocal taken
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > limit:
                raise too_large(limit)
        return message

    return limited
