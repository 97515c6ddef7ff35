"""Who may come in: keys of programs and devices, people, their sessions, and what each one did."""

from fnmatch import fnmatchcase
from typing import Literal, get_args

import msgspec

Role = Literal["fleet_manager", "service_desk", "data_scientist", "admin", "ingest"]
ROLES: tuple[Role, ...] = get_args(Role)
PEOPLE: frozenset[Role] = frozenset(ROLES) - {"ingest"}
"""Roles that look and act; `ingest` only sends telemetry."""


class ApiKey(msgspec.Struct, frozen=True):
    """A key of a program or device. `digest` is the SHA-256 of its secret, which nobody keeps.

    An `ingest` key sends for the vehicles that fit one of `vehicles` (text with `*` for any rest).
    `expires_ms` 0 means never. `version` grows with every change.
    """

    key_id: str
    tenant: str
    name: str
    role: Role
    digest: str
    vehicles: tuple[str, ...]
    created_ms: int
    created_by: str
    expires_ms: int = 0
    revoked: bool = False
    version: int = 1

    def holds(self, now_ms: int) -> bool:
        """Whether it opens anything at this time."""
        return not self.revoked and not 0 < self.expires_ms <= now_ms


class User(msgspec.Struct, frozen=True):
    """A person. `password` is an argon2id hash, "" where an identity provider vouches for him.

    A login belongs to one tenant. `since_ms` ends every session that began before it.
    """

    login: str
    tenant: str
    name: str
    role: Role
    password: str
    created_ms: int
    disabled: bool = False
    since_ms: int = 0
    version: int = 1


class Session(msgspec.Struct, frozen=True):
    """A person's stay in one browser; `digest` is the SHA-256 of the cookie."""

    digest: str
    login: str
    tenant: str
    begun_ms: int
    expires_ms: int
    ended: bool = False
    version: int = 1


class Deed(msgspec.Struct, frozen=True):
    """Something that was changed, or tried: a row of the audit log.

    `credential` names the key or session; `status` is the HTTP status, 0 on the command line.
    """

    deed_id: str
    tenant: str
    time_ms: int
    actor: str
    role: str
    credential: str
    action: str
    target: str
    status: int
    detail: str = ""


def covers(patterns: tuple[str, ...], vehicle_id: str) -> bool:
    """Whether a vehicle fits one of the patterns; only `*` has a meaning of its own."""
    return any(
        fnmatchcase(vehicle_id, pattern.replace("[", "[[]").replace("?", "[?]"))
        for pattern in patterns
    )
