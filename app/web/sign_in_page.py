"""`/sign-in`, `/sign-out`: people come in by password, or by way of an identity provider."""

import base64
import binascii
import time
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.access.credentials import COOKIE, SECURE_COOKIE, session_token
from app.access.door import Door, RefusedError
from app.access.oidc import Journey, NotVouchedError, Oidc
from app.access.sign_in import LockedError, SignIn, Visit, WrongError
from app.api.context import Context
from app.web.answering import answered
from app.web.display import own
from app.web.render import render
from contracts.access import Session

router = APIRouter(include_in_schema=False)
JOURNEY = "telltale_journey"
_JOURNEY_S = 600
_ERRORS = ("wrong", "locked", "provider", "unknown")
Back = Annotated[str, Query(alias="next", max_length=2_000)]


@router.get("/sign-in")
def sign_in_page(request: Request, back: Back = "/", why: str = "") -> Response:
    """The form; who is known already goes on."""

    def work() -> Response:
        door: Door = request.app.state.door
        try:
            door.caller(request.headers)
        except RefusedError:
            return _page(request, back, why if why in _ERRORS else "")
        return RedirectResponse(own(back), 303)

    return answered(request, work)


@router.post("/sign-in")
def sign_in(
    request: Request,
    login: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1_000)] = "",
    back: Annotated[str, Form(alias="next", max_length=2_000)] = "/",
) -> Response:
    """Look at login and password; set the session's cookie."""

    def work() -> Response:
        try:
            session, token = _sign_in(request).by_password(login, password, _visit(request))
        except WrongError:
            return _page(request, back, "wrong", login, 401)
        except LockedError as error:
            page = _page(request, back, "locked", login, 429)
            wait_ms = error.until_ms - time.time_ns() // 1_000_000
            page.headers["Retry-After"] = str(max(1, wait_ms // 1_000))
            return page
        return _come_in(request, session, token, back)

    return answered(request, work)


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """End the session."""

    def work() -> Response:
        token = session_token(request.headers)
        if token:
            _sign_in(request).out(token, _visit(request))
            door: Door = request.app.state.door
            door.forget_session(token)
        response = RedirectResponse("/sign-in", 303)
        for name in (COOKIE, SECURE_COOKIE):
            response.delete_cookie(name, secure=name == SECURE_COOKIE)
        return response

    return answered(request, work)


@router.get("/sign-in/provider")
def to_provider(request: Request, back: Back = "/") -> Response:
    """Send the browser to the identity provider."""

    def work() -> Response:
        oidc: Oidc | None = request.app.state.oidc
        if oidc is None:
            return _page(request, back, "provider", code=404)
        address, journey = oidc.depart(_redirect_uri(request), own(back))
        response = RedirectResponse(address, 303)
        packed = base64.urlsafe_b64encode(msgspec.json.encode(journey)).decode()
        response.set_cookie(
            JOURNEY,
            packed,
            max_age=_JOURNEY_S,
            path="/sign-in",
            secure=_secure(request),
            httponly=True,
            samesite="lax",
        )
        return response

    return answered(request, work)


@router.get("/sign-in/callback")
def from_provider(
    request: Request,
    code: Annotated[str, Query(max_length=4_000)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The browser comes back from the identity provider."""

    def work() -> Response:
        oidc: Oidc | None = request.app.state.oidc
        journey = _journey(request)
        if oidc is None or journey is None or not code:
            return _page(request, "/", "provider", code=401)
        try:
            login = oidc.arrive(code, state, journey, _redirect_uri(request))
            session, token = _sign_in(request).by_provider(login, _visit(request))
        except (NotVouchedError, WrongError) as error:
            why = "unknown" if isinstance(error, WrongError) else "provider"
            return _page(request, journey.back, why, code=401)
        response = _come_in(request, session, token, journey.back)
        response.delete_cookie(JOURNEY, path="/sign-in")
        return response

    return answered(request, work)


def _page(request: Request, back: str, why: str, login: str = "", code: int = 200) -> Response:
    provider = request.app.state.oidc is not None
    further = urlencode({"next": own(back)})
    return render(
        request,
        "sign_in.html",
        code,
        back=own(back),
        why=why,
        login=login,
        provider=f"/sign-in/provider?{further}" if provider else "",
    )


def _come_in(request: Request, session: Session, token: str, back: str) -> Response:
    secure = _secure(request)
    response = RedirectResponse(own(back), 303)
    response.set_cookie(
        SECURE_COOKIE if secure else COOKIE,
        token,
        max_age=(session.expires_ms - session.begun_ms) // 1_000,
        secure=secure,
        httponly=True,
        samesite="lax",
    )
    return response


def _sign_in(request: Request) -> SignIn:
    context: Context = request.app.state.context
    return SignIn(context.store, round(context.settings.api.session_hours * 3_600_000))


def _visit(request: Request) -> Visit:
    address = request.client.host if request.client else ""
    return Visit(address, time.time_ns() // 1_000_000)


def _secure(request: Request) -> bool:
    context: Context = request.app.state.context
    return context.settings.api.secure or request.url.scheme == "https"


def _redirect_uri(request: Request) -> str:
    context: Context = request.app.state.context
    base = context.settings.api.public_url or str(request.base_url)
    return f"{base.rstrip('/')}/sign-in/callback"


def _journey(request: Request) -> Journey | None:
    try:
        packed = base64.urlsafe_b64decode(request.cookies.get(JOURNEY, "").encode())
        return msgspec.json.decode(packed, type=Journey)
    except (msgspec.DecodeError, binascii.Error, ValueError):
        return None
