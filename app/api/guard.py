"""Keeps other sites' pages out, also of a dashboard that needs no sign-in on loopback."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access.rules import READS
from app.api.problems import ProblemError, problem_response
from infra.ports import is_loopback

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


class Guard:
    """Refuses foreign hosts and writes from other origins; adds security headers to the rest.

    While we listen on loopback only, a Host header that names anything else means that a foreign
    page rebound its name to us (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, listens_on: str, public_url: str = "") -> None:
        self._app = app
        self._public = {urlsplit(public_url).netloc} if public_url else set()
        self._loopback = is_loopback(listens_on)

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
        ours = is_loopback(_hostname(host)) or host in self._public
        if self._loopback and not ours:
            detail = (
                f"The host {host!r} is not this machine's loopback address; open the dashboard "
                "there, or set TELLTALE_API__HOST to listen elsewhere."
            )
            return ProblemError(421, "foreign-host", "Foreign host", detail)
        origin = headers.get("origin")
        if method not in READS and origin and _place(origin) not in {host} | self._public:
            detail = f"A page of {origin} may not change anything here; use Telltale's own pages."
            return ProblemError(403, "foreign-origin", "Foreign origin", detail)
        return None


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _place(origin: str) -> str:
    """Host and port of an origin; of "null" and the like what no host can be."""
    try:
        return urlsplit(origin).netloc or "/"
    except ValueError:
        return "/"
