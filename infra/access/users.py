"""People: their logins, roles and passwords (argon2id, RFC 9106)."""

from functools import cache

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from contracts.access import User
from contracts.errors import DataError
from infra.access.rows import read, write
from infra.clickhouse import ClickHouse

MIN_PASSWORD = 12
MAX_PASSWORD = 200
"""Bytes of memory-hard work are for passwords, not for books."""


def hash_password(password: str) -> str:
    """The hash to keep. Raises DataError for a password that is too short or too long."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        msg = f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters, not {len(password)}"
        raise DataError(msg)
    return _hasher().hash(password)


def fits(user: User | None, password: str) -> bool:
    """Whether this is the person's password. It takes as long for a person that isn't there, so
    that nobody learns which logins exist.
    """
    known = user is not None and not user.disabled and user.password
    try:
        _hasher().verify(str(known or _nobody()), password[:MAX_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False
    return bool(known)


class Users:
    """The people of an installation. Every call raises UnavailableError."""

    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def find(self, login: str) -> User | None:
        """The person with this login, of whatever tenant."""
        found = read(self._store, "access_users", User, "login = %(login)s", login=login.lower())
        return found[0] if found else None

    def of(self, tenant: str) -> list[User]:
        """A tenant's people, by login."""
        order = "tenant = %(tenant)s ORDER BY login"
        return read(self._store, "access_users", User, order, tenant=tenant)

    def save(self, user: User) -> None:
        """Keep a new person."""
        write(self._store, "access_users", [user])

    def change(self, user: User, now_ms: int, **changes: object) -> User:
        """Keep a person's changes; sessions that began before now end."""
        version = user.version + 1
        changed = msgspec.structs.replace(user, **changes, since_ms=now_ms, version=version)
        self.save(changed)
        return changed

    def any(self) -> bool:
        """Whether a person was ever added here."""
        return bool(self._store.rows("SELECT login FROM access_users LIMIT 1"))


@cache
def _hasher() -> PasswordHasher:
    # RFC 9106's second choice: 64 MiB, three passes; a server with little memory stands it.
    return PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=2)


@cache
def _nobody() -> str:
    return _hasher().hash("nobody has this password")
