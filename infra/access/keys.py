"""API keys: made once, kept as a hash."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

import msgspec

from contracts.access import ApiKey, Role
from infra.access.rows import read, write
from infra.clickhouse import ClickHouse

PREFIX = "ttk_"
"""What every key begins with, so that a leaked one is recognised."""


@dataclass(frozen=True)
class Wanted:
    """A key to be made."""

    tenant: str
    name: str
    role: Role
    vehicles: tuple[str, ...] = ()
    expires_ms: int = 0


def make_key(wanted: Wanted, created_by: str, now_ms: int) -> tuple[ApiKey, str]:
    """The key to keep, and its text `ttk_<id>_<secret>`, which is shown once.

    The secret has 256 random bits, so that a plain hash is enough.
    """
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key = ApiKey(
        key_id,
        wanted.tenant,
        wanted.name,
        wanted.role,
        digest(secret),
        wanted.vehicles,
        now_ms,
        created_by,
        wanted.expires_ms,
    )
    return key, f"{PREFIX}{key_id}_{secret}"


def digest(secret: str) -> str:
    """SHA-256 of a secret of ours, as hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def split(text: str) -> tuple[str, str] | None:
    """Id and secret of a key's text, None where it is no key of ours."""
    key_id, mark, secret = text.removeprefix(PREFIX).partition("_")
    sound = text.startswith(PREFIX) and mark and key_id.isalnum() and len(text) < 100
    return (key_id, secret) if sound else None


def opens(key: ApiKey, secret: str) -> bool:
    """Whether this is the key's secret, in constant time."""
    return hmac.compare_digest(key.digest, digest(secret))


class Keys:
    """The keys of an installation. Every call raises UnavailableError."""

    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def find(self, key_id: str) -> ApiKey | None:
        """The key with this id, of whatever tenant."""
        found = read(self._store, "access_keys", ApiKey, "key_id = %(id)s", id=key_id)
        return found[0] if found else None

    def of(self, tenant: str) -> list[ApiKey]:
        """A tenant's keys, the newest first."""
        order = "tenant = %(tenant)s ORDER BY created_ms DESC, key_id"
        return read(self._store, "access_keys", ApiKey, order, tenant=tenant)

    def add(self, key: ApiKey) -> None:
        """Keep a new key."""
        write(self._store, "access_keys", [key])

    def revoke(self, key: ApiKey) -> ApiKey:
        """End a key; it stays in the list."""
        ended = msgspec.structs.replace(key, revoked=True, version=key.version + 1)
        write(self._store, "access_keys", [ended])
        return ended

    def any(self) -> bool:
        """Whether a key was ever made here."""
        return bool(self._store.rows("SELECT key_id FROM access_keys LIMIT 1"))
