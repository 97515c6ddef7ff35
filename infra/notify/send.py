"""Sends one message to one target, once."""

import asyncio
import time
import warnings
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import apprise
import httpx
import msgspec
from jinja2 import TemplateError
from jinja2.sandbox import SandboxedEnvironment
from standardwebhooks import Webhook

from alerts.message import Message
from contracts.errors import DataError, SettingsError, TelltaleError
from infra.notify.config import Target, secret_of
from infra.notify.environment import expand
from infra.notify.guard import only_outside, resolve

_TOTAL_S: Final = 15.0
"""A receiver that drips its answer byte by byte doesn't hold us longer."""
_LONGEST: Final = 30_000


class Sent(NamedTuple):
    """How it went: `answered` when the receiver took it; `gone` when it wants no more of them.

    `wait_s` is what the receiver asked for before the next try, 0 without a wish.
    """

    detail: str
    answered: bool = False
    gone: bool = False
    wait_s: float = 0.0


def send(target: Target, identity: str, message: Message, *, allow_internal: bool) -> Sent:
    """Send; never raises for what the other side does. `identity` is the same at every try."""
    try:
        if target.webhook:
            return asyncio.run(_post(target, identity, message, allow_internal=allow_internal))
        return _tell(target, message, allow_internal=allow_internal)
    except TelltaleError as error:
        return Sent(str(error))


async def _post(target: Target, identity: str, message: Message, *, allow_internal: bool) -> Sent:
    """A webhook as Standard Webhooks has it: id, timestamp and HMAC-SHA256 in the headers."""
    address = resolve(target.webhook, allow_internal=allow_internal)
    parts = urlsplit(target.webhook)
    now = datetime.fromtimestamp(int(time.time()), UTC)
    payload = _payload(message, now)
    headers = {
        "host": parts.netloc,
        "content-type": "application/json",
        "user-agent": "telltale",
        "webhook-id": identity,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": _signer(target).sign(identity, now, payload),
    }
    literal = f"[{address}]" if ":" in address else address
    netloc = f"{literal}:{parts.port}" if parts.port else literal
    url = urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))
    try:
        async with asyncio.timeout(_TOTAL_S):
            return await _exchange(url, headers, payload, parts.hostname or "")
    except (httpx.HTTPError, TimeoutError, OSError) as error:
        return Sent(f"no answer ({type(error).__name__}: {error})"[:300])


async def _exchange(url: str, headers: dict[str, str], payload: str, host: str) -> Sent:
    async with httpx.AsyncClient(
        follow_redirects=False, trust_env=False, timeout=_TOTAL_S
    ) as client:
        request = client.build_request(
            "POST", url, content=payload, headers=headers, extensions={"sni_hostname": host}
        )
        # The status is all that we want to know; the body stays unread.
        response = await client.send(request, stream=True)
        await response.aclose()
    code = response.status_code
    if 200 <= code < 300:
        return Sent(f"answered {code}", answered=True)
    if 300 <= code < 400:
        return Sent(f"answered {code}: redirects are not followed")
    wish = response.headers.get("retry-after", "")
    wait_s = float(wish) if wish.isdecimal() else 0.0
    return Sent(f"answered {code}", gone=code == 410, wait_s=min(wait_s, 86_400.0))


def _payload(message: Message, now: datetime) -> str:
    body: dict[str, Any] = {
        "type": message.event,
        "timestamp": now.isoformat().replace("+00:00", "Z"),
        "data": {"title": message.title, "text": message.body, "alerts": message.items},
    }
    return msgspec.json.encode(body).decode()


def _signer(target: Target) -> Webhook:
    try:
        return Webhook(secret_of(target))
    except (ValueError, RuntimeError) as error:
        raise SettingsError(
            f"target {target.name}: {target.secret_env} holds no secret of Standard Webhooks; "
            "write whsec_ and 24 to 64 random bytes in base64"
        ) from error


def _tell(target: Target, message: Message, *, allow_internal: bool) -> Sent:
    """Mail, chat and the like through Apprise."""
    url = expand(target.url, target.name)
    with warnings.catch_warnings():
        # Some of its plug-ins import what newer Pythons deprecate.
        warnings.simplefilter("ignore", DeprecationWarning)
        plugin = apprise.Apprise.instantiate(url)
    if plugin is None:
        raise SettingsError(f"target {target.name}: Apprise knows no such url")
    # Also against the url's own wish (`?redirect=yes`).
    plugin.redirects = False
    title = _render(target.title, message) or message.title
    body = _render(target.body, message) or message.body
    with nullcontext() if allow_internal else only_outside():
        taken = plugin.notify(body=body[:_LONGEST], title=title[:200])
    return Sent("taken" if taken else "the service did not take it", answered=bool(taken))


def _render(template: str, message: Message) -> str:
    if not template:
        return ""
    try:
        made = SandboxedEnvironment().from_string(template)
        return made.render(title=message.title, text=message.body, alerts=message.items)
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise DataError(f"a template can't be filled in: {error}") from error
