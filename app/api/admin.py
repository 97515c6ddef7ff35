"""`/api/me`, `/api/keys`, `/api/users`, `/api/audit`: who may come in, and who did what."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field

from app.access.people import By, Desk, TakenError, UnknownError
from app.api.context import Context, Wired
from app.api.cursor import Cursor, decode_moment, encode_cursor
from app.api.given import Body, Whole
from app.api.problems import ProblemError, bad_parameter
from contracts.access import ApiKey, Deed, Role, User
from contracts.errors import DataError
from infra.access.audit import Audit
from infra.access.keys import Keys
from infra.access.users import Users

router = APIRouter(prefix="/api", tags=["access"])
PersonRole = Literal["fleet_manager", "service_desk", "data_scientist", "admin"]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Password = Annotated[str, Field(min_length=12, max_length=200)]
KeyId = Annotated[str, Path(min_length=1, max_length=40)]
Login = Annotated[str, Path(min_length=1, max_length=100)]


@dataclass(frozen=True)
class Me:
    """Who asks. `open`: nobody has to sign in here."""

    tenant: str
    role: Role
    name: str
    open: bool


@dataclass(frozen=True)
class KeyView:
    """A key without its secret. Times are Unix ms; `expires_ms` 0 = never."""

    key_id: str
    name: str
    role: Role
    vehicles: list[str]
    created_ms: int
    created_by: str
    expires_ms: int
    state: Literal["holds", "expired", "revoked"]


@dataclass(frozen=True)
class NewKey:
    """A key just made. `text` is shown this once."""

    key: KeyView
    text: str


@dataclass(frozen=True)
class UserView:
    """A person who may sign in; `signs_in` by password or at the identity provider (oidc)."""

    login: str
    name: str
    role: Role
    created_ms: int
    disabled: bool
    signs_in: Literal["password", "oidc"]


@dataclass(frozen=True)
class DeedView:
    """One row of the audit log; `status` is the HTTP status, 0 on the command line."""

    deed_id: str
    time_ms: int
    actor: str
    role: str
    credential: str
    action: str
    target: str
    status: int
    detail: str


@dataclass(frozen=True)
class Deeds:
    """The audit log, the newest first; `next_cursor` is empty on the last page."""

    deeds: list[DeedView]
    next_cursor: str


class WantedKey(Body):
    """`vehicles` (ids, or patterns with `*`) go with the role ingest, which needs them."""

    name: Name
    role: Role
    vehicles: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(
        default=[], max_length=1_000
    )
    expires_ms: Whole = Field(default=0, ge=0, le=4_102_444_800_000)


class WantedUser(Body):
    """Without a password, the identity provider vouches for the person."""

    login: Name
    name: str = Field(default="", max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")
    role: PersonRole
    password: Password | None = None


class UserChange(Body):
    """What changes; the person's sessions end."""

    disabled: bool | None = None
    role: PersonRole | None = None
    password: Password | None = None


@router.get("/me")
def me(context: Wired) -> Me:
    """Who asks, for which tenant."""
    who = context.who
    return Me(who.tenant, who.role, who.name, who.is_open)


@router.get("/keys")
def keys(context: Wired) -> list[KeyView]:
    """The tenant's keys, the newest first."""
    return [_key_view(key) for key in Keys(context.store).of(context.tenant)]


@router.post("/keys", status_code=201)
def create_key(context: Wired, given: WantedKey) -> NewKey:
    """Make a key for a program or device."""
    with _told():
        key, text = _desk(context).new_key(
            _by(context), given.name, given.role, given.vehicles, given.expires_ms
        )
    return NewKey(_key_view(key), text)


@router.delete("/keys/{key_id}")
def revoke_key(context: Wired, key_id: KeyId) -> KeyView:
    """End a key; it stays in the list."""
    with _told():
        return _key_view(_desk(context).revoke_key(_by(context), key_id))


@router.get("/users")
def users(context: Wired) -> list[UserView]:
    """The tenant's people, by login."""
    return [_user_view(user) for user in Users(context.store).of(context.tenant)]


@router.post("/users", status_code=201)
def create_user(context: Wired, given: WantedUser) -> UserView:
    """Let a person in."""
    with _told():
        return _user_view(
            _desk(context).new_user(
                _by(context), given.login, given.name, given.role, given.password
            )
        )


@router.patch("/users/{login}")
def change_user(context: Wired, login: Login, given: UserChange) -> UserView:
    """Disable or enable a person, give another role or password."""
    if given.disabled and login.lower() == context.who.name:
        raise bad_parameter("disabled", "you would lock yourself out; ask another administrator")
    with _told():
        changed = _desk(context).change_user(
            _by(context),
            login,
            disabled=given.disabled,
            role=given.role,
            password=given.password,
        )
    return _user_view(changed)


@router.get("/audit")
def audit(
    context: Wired,
    *,
    actor: Annotated[str, Query(max_length=100, description="Only what this one did")] = "",
    cursor: Cursor = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Deeds:
    """Who changed what, the newest first."""
    found = Audit(context.store).of(context.tenant, decode_moment(cursor), limit + 1, actor)
    more, found = len(found) > limit, found[:limit]
    following = encode_cursor(found[-1].time_ms, found[-1].deed_id) if more else ""
    return Deeds([_deed_view(one) for one in found], following)


def _desk(context: Context) -> Desk:
    return Desk(context.store)


def _by(context: Context) -> By:
    who = context.who
    return By(who.tenant, who.name or "local", who.role, who.credential, context.wall_ms())


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What the desk can't do, as problems."""
    try:
        yield
    except UnknownError as error:
        raise ProblemError(404, "unknown", "Not found", str(error)) from None
    except TakenError as error:
        raise ProblemError(409, "taken", "Taken", str(error)) from None
    except DataError as error:
        raise ProblemError(409, "refused", "Not done", f"It was not done: {error}.") from None


def _key_view(key: ApiKey) -> KeyView:
    now_ms = time.time_ns() // 1_000_000
    state: Literal["holds", "expired", "revoked"] = "holds" if key.holds(now_ms) else "expired"
    return KeyView(
        key.key_id,
        key.name,
        key.role,
        list(key.vehicles),
        key.created_ms,
        key.created_by,
        key.expires_ms,
        "revoked" if key.revoked else state,
    )


def _user_view(user: User) -> UserView:
    signs_in: Literal["password", "oidc"] = "password" if user.password else "oidc"
    return UserView(user.login, user.name, user.role, user.created_ms, user.disabled, signs_in)


def _deed_view(deed: Deed) -> DeedView:
    return DeedView(
        deed.deed_id,
        deed.time_ms,
        deed.actor,
        deed.role,
        deed.credential,
        deed.action,
        deed.target,
        deed.status,
        deed.detail,
    )
