"""ETags (RFC 9110): who holds an answer already is told so in a few bytes."""

import hashlib
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.description import has_etag


class Conditional:
    """Names every JSON answer to a read by its content; 304 to whom has it.

    The tag is weak, because the bytes on the way may be compressed.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not has_etag(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return
        known = _tags(Headers(scope=scope).get("if-none-match", ""))
        await self._app(scope, receive, _Tagging(send, known).send)


class _Tagging:
    """Holds a JSON answer back until its content is known."""

    def __init__(self, send: Send, known: Iterable[str]) -> None:
        self._send = send
        self._known = set(known)
        self._start: Message | None = None
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        """Take one message of the answer; pass it on, now or when the rest is there."""
        if message["type"] == "http.response.start" and _is_json(message):
            self._start = message
            return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False):
            await self._finish(self._start, bytes(self._body))

    async def _finish(self, start: Message, body: bytes) -> None:
        headers = MutableHeaders(scope=start)
        tag = hashlib.blake2b(body, digest_size=12).hexdigest()
        headers["ETag"] = f'W/"{tag}"'
        headers.setdefault("Cache-Control", "private, no-cache")
        if tag in self._known or "*" in self._known:
            start["status"], body = 304, b""
            for name in ("content-length", "content-type"):
                del headers[name]
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _tags(given: str) -> list[str]:
    """Opaque tags of an If-None-Match header; weak and strong are the same here."""
    return [one.strip().removeprefix("W/").strip('"') for one in given.split(",") if one.strip()]


def _is_json(message: Message) -> bool:
    headers = Headers(raw=message["headers"])
    return message["status"] == 200 and headers.get("content-type", "") == "application/json"
