"""Sessions of people: the browser holds a random token, the store its hash."""

import secrets

import msgspec

from contracts.access import Session, User
from infra.access.keys import digest
from infra.access.rows import read, write
from infra.clickhouse import ClickHouse


def make_session(user: User, now_ms: int, lasts_ms: int) -> tuple[Session, str]:
    """The session to keep, and the token for the browser's cookie."""
    token = secrets.token_urlsafe(32)
    session = Session(digest(token), user.login, user.tenant, now_ms, now_ms + lasts_ms)
    return session, token


class Sessions:
    """The sessions of an installation. Every call raises UnavailableError."""

    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def find(self, token: str) -> Session | None:
        """The session of this token, whether or not it still holds."""
        condition = "digest = %(digest)s"
        found = read(self._store, "access_sessions", Session, condition, digest=digest(token))
        return found[0] if found else None

    def add(self, session: Session) -> None:
        """Keep a new session."""
        write(self._store, "access_sessions", [session])

    def end(self, session: Session) -> None:
        """Sign out."""
        ended = msgspec.structs.replace(session, ended=True, version=session.version + 1)
        write(self._store, "access_sessions", [ended])
