"""What is done to keys and logins, from the command line and the API, each with its audit row."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.access import PEOPLE, ROLES, ApiKey, Deed, Role, User
from contracts.errors import DataError
from infra.access.audit import Audit
from infra.access.keys import Keys, Wanted, make_key
from infra.access.users import Users, hash_password
from infra.clickhouse import ClickHouse

MAX_NAME = 100
MAX_PATTERNS = 1_000


class UnknownError(DataError):
    """There is no such key or login in this tenant."""


class TakenError(DataError):
    """A login belongs to somebody already."""


@dataclass(frozen=True)
class By:
    """Who does it, with which role and credential, within which tenant, at what time."""

    tenant: str
    actor: str
    role: str
    credential: str
    now_ms: int


class Desk:
    """Hands out and takes back keys and logins. Every call raises UnavailableError, DataError."""

    def __init__(self, store: ClickHouse) -> None:
        self._keys, self._users, self._audit = Keys(store), Users(store), Audit(store)

    def new_key(
        self, by: By, name: str, role: Role, vehicles: Sequence[str], expires_ms: int = 0
    ) -> tuple[ApiKey, str]:
        """A key and its text, which is shown once."""
        _check_name(name)
        if role == "ingest" and not vehicles:
            raise DataError('an ingest key needs its vehicles: patterns like "V00*", or "*"')
        if role != "ingest" and vehicles:
            raise DataError(f"vehicles go with the role ingest only, not with {role}")
        if len(vehicles) > MAX_PATTERNS or not all(0 < len(one) <= 64 for one in vehicles):
            raise DataError(f"give at most {MAX_PATTERNS} patterns of 1 to 64 characters")
        if 0 < expires_ms <= by.now_ms:
            raise DataError("the key would have expired already; give a later time")
        wanted = Wanted(by.tenant, name, role, tuple(vehicles), expires_ms)
        key, text = make_key(wanted, by.actor, by.now_ms)
        self._keys.add(key)
        self.note(by, "key created", key.key_id, f"{role} {name}")
        return key, text

    def revoke_key(self, by: By, key_id: str) -> ApiKey:
        """End a key."""
        key = self._keys.find(key_id)
        if key is None or key.tenant != by.tenant:
            raise UnknownError(f"no key has the id {key_id!r}; `telltale keys list` shows them")
        if not key.revoked:
            key = self._keys.revoke(key)
            self.note(by, "key revoked", key_id, key.name)
        return key

    def new_user(self, by: By, login: str, name: str, role: Role, password: str | None) -> User:
        """A login; without a password, one for whom the identity provider vouches."""
        login = login.strip().lower()
        _check_name(login)
        _check_name(name or login)
        if role not in PEOPLE:
            raise DataError(f"people can't have the role {role}")
        if self._users.find(login) is not None:
            raise TakenError(f"the login {login!r} is taken; choose another")
        hashed = "" if password is None else hash_password(password)
        user = User(login, by.tenant, name or login, role, hashed, by.now_ms)
        self._users.save(user)
        self.note(by, "user created", login, role)
        return user

    def change_user(
        self,
        by: By,
        login: str,
        *,
        disabled: bool | None = None,
        role: Role | None = None,
        password: str | None = None,
    ) -> User:
        """Disable or enable, give another role or password; the person's sessions end."""
        user = self._users.find(login)
        if user is None or user.tenant != by.tenant:
            raise UnknownError(f"there is no login {login!r}; `telltale users list` shows them")
        changes: dict[str, object] = {}
        if disabled is not None:
            changes["disabled"] = disabled
        if role is not None:
            if role not in PEOPLE:
                raise DataError(f"people can't have the role {role}")
            changes["role"] = role
        if password is not None:
            changes["password"] = hash_password(password)
        told = ", ".join(
            "password" if key == "password" else f"{key} {value}" for key, value in changes.items()
        )
        changed = self._users.change(user, by.now_ms, **changes)
        self.note(by, "user changed", user.login, told)
        return changed

    def note(self, by: By, action: str, target: str, detail: str) -> None:
        """Write what somebody did to the audit log."""
        deed_id = uuid.uuid4().hex
        deed = Deed(
            deed_id,
            by.tenant,
            by.now_ms,
            by.actor,
            by.role,
            by.credential,
            action,
            target,
            0,
            detail,
        )
        self._audit.add(deed)


def role_named(text: str) -> Role:
    """The role of this name. Raises DataError."""
    for role in ROLES:
        if role == text:
            return role
    raise DataError(f"role {text!r}: choose from {', '.join(ROLES)}")


def _check_name(name: str) -> None:
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise DataError(f"a name has 1 to {MAX_NAME} printable characters")
