"""What a request brings to be known by: an API key in a header, or a session's cookie."""

import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers

COOKIE = "telltale_session"
SECURE_COOKIE = f"__Host-{COOKIE}"
"""Over HTTPS: a name that a browser takes from this very host and over HTTPS only."""


def key_of(headers: Headers) -> str:
    """The API key that a request brings, "" without."""
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "").strip()


def session_token(headers: Headers) -> str:
    """The session's token that a request brings, "" without."""
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    found = cookies.get(SECURE_COOKIE) or cookies.get(COOKIE)
    return found.value if found else ""


def csrf_of(token: str) -> str:
    """What the pages of a session send along with a change: only they can know it."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()
