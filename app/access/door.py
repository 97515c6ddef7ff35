"""Turns what a request brings (a key, a session's cookie, nothing) into a caller."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from starlette.datastructures import Headers

from app.access.caller import Caller, local
from app.access.credentials import csrf_of, key_of, session_token
from app.access.recent import Recent
from app.settings import ApiSettings
from contracts.access import ApiKey
from contracts.errors import UnavailableError
from infra.access.keys import Keys, opens, split
from infra.access.sessions import Sessions
from infra.access.users import Users
from infra.clickhouse import ClickHouse

KEPT_S = 5.0
"""For so long a credential counts after it was revoked elsewhere."""
_EVERYTHING = ("*",)


class RefusedError(Exception):
    """The credential opens nothing; the text says what to do."""


@dataclass
class Door:
    """Looks credentials up in the store, and remembers them for some seconds.

    `store` is asked for only when it is needed. `tenant` is the installation's own. Every call
    that looks up raises UnavailableError.
    """

    store: Callable[[], ClickHouse]
    settings: ApiSettings
    tenant: str
    _keys: Recent[str, ApiKey | str] = field(default_factory=lambda: Recent(KEPT_S))
    _callers: Recent[str, Caller | str] = field(default_factory=lambda: Recent(KEPT_S))
    _closed_s: float = float("-inf")
    _opened_s: float = float("-inf")

    @cached_property
    def keys(self) -> Keys:
        """The installation's keys."""
        return Keys(self.store())

    @cached_property
    def users(self) -> Users:
        """The installation's people."""
        return Users(self.store())

    @cached_property
    def sessions(self) -> Sessions:
        """The installation's sessions."""
        return Sessions(self.store())

    def caller(self, headers: Headers) -> Caller:
        """Who asks. Raises RefusedError."""
        key, token = key_of(headers), session_token(headers)
        if key:
            return self.by_key(key)
        if token:
            try:
                return self.by_session(token)
            except RefusedError:
                # The cookie may be left over from before everything was opened.
                if not self.is_open():
                    raise
        return self.nobody()

    def still(self, headers: Headers, caller: Caller) -> bool:
        """Whether the caller of a long answer may still have it; while the store is away, yes."""
        try:
            now = self.caller(headers)
        except RefusedError:
            return False
        except UnavailableError:
            return True
        return (now.tenant, now.role) == (caller.tenant, caller.role)

    def by_key(self, text: str) -> Caller:
        """Who holds this key. Raises RefusedError."""
        parts = split(text)
        if parts is None:
            raise RefusedError("This is no key of Telltale's; `telltale keys create` makes one.")
        key_id, secret = parts
        now_s, now_ms = time.monotonic(), time.time_ns() // 1_000_000
        known = self._keys.get(key_id, now_s)
        if known is None:
            known = self.keys.find(key_id) or ""
            self._keys.put(key_id, known, now_s)
        if isinstance(known, str) or not opens(known, secret) or not known.holds(now_ms):
            raise RefusedError(
                "The key is unknown, revoked or expired; ask an administrator for another."
            )
        reach = known.vehicles if known.role == "ingest" else _EVERYTHING
        return Caller(known.tenant, known.role, known.name, f"key:{key_id}", reach)

    def by_session(self, token: str) -> Caller:
        """Who signed in with this cookie. Raises RefusedError."""
        now_s, now_ms = time.monotonic(), time.time_ns() // 1_000_000
        known = self._callers.get(token, now_s)
        if known is None:
            known = self._signed_in(token) or ""
            self._callers.put(token, known, now_s)
        if isinstance(known, str) or known.ends_ms <= now_ms:
            raise RefusedError("The session has ended; sign in again.")
        return known

    def forget_session(self, token: str) -> None:
        """It was ended here, so it ends at once."""
        self._callers.forget(token)

    def is_open(self) -> bool:
        """Whether one may come without a credential: see TELLTALE_API__AUTH."""
        if self.settings.auth != "auto":
            return self.settings.auth == "open"
        if not self.settings.on_loopback or self._closed_s > 0:
            return False
        now_s = time.monotonic()
        if now_s - self._opened_s > KEPT_S:
            if self.keys.any() or self.users.any():
                # Whoever made a key or a login wants to know who comes; this stays so.
                self._closed_s = now_s
                return False
            self._opened_s = now_s
        return True

    def nobody(self) -> Caller:
        """Who comes without a credential. Raises RefusedError where one is needed."""
        if self.is_open():
            return local(self.tenant)
        raise RefusedError(
            "Give an API key (`Authorization: Bearer ttk_...`), or sign in at /sign-in."
        )

    def _signed_in(self, token: str) -> Caller | None:
        session = self.sessions.find(token)
        if session is None or session.ended:
            return None
        user = self.users.find(session.login)
        if user is None or user.disabled or user.since_ms > session.begun_ms:
            return None
        return Caller(
            user.tenant,
            user.role,
            user.login,
            f"session:{session.digest[:12]}",
            _EVERYTHING,
            csrf_of(token),
            session.expires_ms,
        )
