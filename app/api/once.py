"""Changes that bear an Idempotency-Key are done once, however often they are sent.

The header is that of the IETF's draft-ietf-httpapi-idempotency-key-header. The answer is kept for a
day by caller and key, and given again to the same request; another request under the key is
refused. What failed inside (5xx) is not kept: it may be tried again.
"""

import hashlib
import re
from dataclasses import dataclass, field

import structlog
from anyio.to_thread import run_sync
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access.caller import Caller
from app.api.context import Context
from app.api.description import is_kept_once
from app.api.problems import ProblemError, bad_parameter, problem_of, problem_response
from contracts.errors import TelltaleError
from infra.access.idempotent import KeptAnswer, KeptAnswers

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_KEY = re.compile(r"[!-~]{1,200}")
_SECRET = frozenset({"/api/keys"})
"""What they answer is shown once and kept nowhere."""
_log = structlog.get_logger(__name__)


class Once:
    """See the module. Two requests with one key at the same moment: the later is told to wait."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context
        self._busy: set[tuple[str, str]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one request."""
        key = None
        if scope["type"] == "http" and is_kept_once(scope["method"], scope["path"]):
            key = Headers(scope=scope).get(HEADER)
        if key is None:
            await self._app(scope, receive, send)
            return
        caller: Caller = scope["state"]["caller"]
        place = (f"{caller.tenant}/{caller.credential}", key)
        try:
            if not _KEY.fullmatch(key):
                raise bad_parameter(HEADER, "give 1 to 200 visible ASCII letters")
            if place in self._busy:
                raise _busy()
            self._busy.add(place)
            try:
                await self._answer(scope, receive, send, place)
            finally:
                self._busy.discard(place)
        except (ProblemError, TelltaleError) as error:
            await problem_response(problem_of(error), Request(scope))(scope, receive, send)

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, place: tuple[str, str]
    ) -> None:
        body = await _read(receive)
        asked = _fingerprint(scope, body)
        answers = KeptAnswers(self._context.store)
        kept = await run_sync(answers.find, *place, self._context.wall_ms())
        if kept:
            await _again(kept, asked)(scope, receive, send)
            return
        told = _Heard()
        await self._app(scope, _Replayed(body, receive).receive, told.send)
        if told.status < 500 and told.status != 429:
            await self._keep(answers, scope["path"], place, asked, told)
        for message in told.messages:
            await send(message)

    async def _keep(
        self,
        answers: KeptAnswers,
        path: str,
        place: tuple[str, str],
        asked: str,
        told: "_Heard",
    ) -> None:
        """Before it is told, so that whoever has it and asks again gets the same."""
        text = "" if path in _SECRET else told.body.decode("utf-8", "replace")
        now_ms = self._context.wall_ms()
        answer = KeptAnswer(*place, asked, told.status, told.media_type, text, now_ms)
        try:
            await run_sync(answers.add, answer)
        except TelltaleError as error:
            # The change is made; only that it was is not known any more.
            _log.error("idempotent answer could not be kept", reason=str(error))


@dataclass
class _Replayed:
    """A body that was read already, as a request's messages."""

    body: bytes
    following: Receive
    given: bool = False

    async def receive(self) -> Message:
        if self.given:
            return await self.following()
        self.given = True
        return {"type": "http.request", "body": self.body, "more_body": False}


@dataclass
class _Heard:
    """An answer that is held back."""

    status: int = 500
    media_type: str = ""
    body: bytearray = field(default_factory=bytearray)
    messages: list[Message] = field(default_factory=list)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.media_type = Headers(raw=message["headers"]).get("content-type", "")
        else:
            self.body += message.get("body", b"")
        self.messages.append(message)


def _again(kept: KeptAnswer, asked: str) -> Response:
    """The kept answer. Raises ProblemError for another request and for what was a secret."""
    if kept.fingerprint != asked:
        detail = (
            f"This {HEADER} was used for another request; take a new one for every change, and the "
            "same only to send the same again."
        )
        raise ProblemError(422, "key-reused", "Idempotency key used again", detail)
    if not kept.body and kept.status == 201:
        detail = "It was done already, and its answer held a secret that is shown only once."
        raise ProblemError(409, "done-already", "Done already", detail)
    return Response(kept.body, kept.status, {REPLAYED: "true"}, kept.media_type or None)


def _busy() -> ProblemError:
    detail = f"A request with this {HEADER} is being carried out; ask again in a moment."
    problem = ProblemError(409, "in-progress", "Not finished yet", detail)
    problem.headers = {"Retry-After": "1"}
    return problem


def _fingerprint(scope: Scope, body: bytes) -> str:
    headers = Headers(scope=scope)
    told = hashlib.sha256()
    for part in (
        scope["method"].encode(),
        scope["path"].encode(),
        scope.get("query_string", b""),
        headers.get("content-type", "").encode(),
        body,
    ):
        told.update(len(part).to_bytes(8, "big") + part)
    return told.hexdigest()


async def _read(receive: Receive) -> bytes:
    parts = bytearray()
    while True:
        message = await receive()
        parts += message.get("body", b"")
        if message["type"] != "http.request" or not message.get("more_body", False):
            return bytes(parts)
