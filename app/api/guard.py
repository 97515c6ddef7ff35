"""Keeps other sites' pages out of a dashboard that needs no sign-in on loopback."""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import ProblemError, problem_response

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """Refuses foreign hosts and writes from other origins; adds security headers to the rest.

    While we listen on loopback only, a Host header that names anything else means that a foreign
    page rebound its name to us (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, listens_on: str) -> None:
        self._app = app
        self._loopback = _is_loopback(listens_on)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        problem = self._refusal(scope["method"], Headers(scope=scope))
        if problem is None:
            await self._app(scope, receive, send_guarded)
            return
        response = problem_response(problem, Request(scope))
        await response(scope, receive, send_guarded)

    def _refusal(self, method: str, headers: Headers) -> ProblemError | None:
        host = headers.get("host", "")
        if self._loopback and not _is_loopback(urlsplit(f"//{host}").hostname or ""):
            detail = (
                f"The host {host!r} is not this machine's loopback address; open the dashboard "
                "there, or set TELLTALE_API__HOST to listen elsewhere."
            )
            return ProblemError(421, "foreign-host", "Foreign host", detail)
        origin = headers.get("origin")
        if method not in _READS and origin and urlsplit(origin).netloc != host:
            detail = f"A page of {origin} may not change anything here; use Telltale's own pages."
            return ProblemError(403, "foreign-origin", "Foreign origin", detail)
        return None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
