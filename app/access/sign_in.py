"""Signing in and out: passwords with a lock after failed tries, sessions, and an audit row each."""

import uuid
from dataclasses import dataclass

from contracts.access import Deed, Session, User
from infra.access.audit import Audit
from infra.access.failures import Failures
from infra.access.sessions import Sessions, make_session
from infra.access.users import Users, fits
from infra.clickhouse import ClickHouse


class WrongError(Exception):
    """Login and password don't fit, or the person may not come in."""


class LockedError(Exception):
    """Too many tries failed. `until_ms`: when the next one counts."""

    def __init__(self, until_ms: int) -> None:
        super().__init__(f"locked until {until_ms}")
        self.until_ms = until_ms


@dataclass(frozen=True)
class Visit:
    """Where and when somebody stands at the door."""

    address: str
    now_ms: int


class SignIn:
    """Lets people in and out. Every call raises UnavailableError."""

    def __init__(self, store: ClickHouse, lasts_ms: int) -> None:
        self._users, self._sessions = Users(store), Sessions(store)
        self._failures, self._audit = Failures(store), Audit(store)
        self._lasts_ms = lasts_ms

    def by_password(self, login: str, password: str, visit: Visit) -> tuple[Session, str]:
        """The session and its token. Raises WrongError, LockedError."""
        login = login.strip().lower()[:200]
        until_ms = self._failures.locked_until(login, visit.address, visit.now_ms)
        if until_ms:
            raise LockedError(until_ms)
        user = self._users.find(login)
        if not fits(user, password) or user is None:
            self._failures.add(login, visit.address, visit.now_ms)
            if user is not None:
                self._note(user, "sign-in failed", visit)
            raise WrongError
        return self._admit(user, "signed in", visit)

    def by_provider(self, login: str, visit: Visit) -> tuple[Session, str]:
        """The session of a person whom the identity provider vouches for. Raises WrongError when
        an administrator has not added him.
        """
        user = self._users.find(login.strip().lower())
        if user is None or user.disabled:
            raise WrongError
        return self._admit(user, "signed in at the identity provider", visit)

    def out(self, token: str, visit: Visit) -> None:
        """End a session."""
        session = self._sessions.find(token)
        user = self._users.find(session.login) if session else None
        if session is not None and not session.ended:
            self._sessions.end(session)
            if user is not None:
                self._note(user, "signed out", visit)

    def _admit(self, user: User, action: str, visit: Visit) -> tuple[Session, str]:
        session, token = make_session(user, visit.now_ms, self._lasts_ms)
        self._sessions.add(session)
        self._note(user, action, visit)
        return session, token

    def _note(self, user: User, action: str, visit: Visit) -> None:
        self._audit.add(
            Deed(
                uuid.uuid4().hex,
                user.tenant,
                visit.now_ms,
                user.login,
                user.role,
                "sign-in",
                action,
                user.login,
                0,
                f"from {visit.address}",
            )
        )
