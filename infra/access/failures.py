"""Sign-ins that failed, so that guessing passwords locks the login and the address for a while."""

import hashlib
import uuid
from collections.abc import Sequence

import msgspec

from infra.access.rows import write
from infra.clickhouse import ClickHouse

WINDOW_MS = 15 * 60_000
LIMITS = {"login": 5, "address": 30}
"""Failures within the window after which a login, or everyone at an address, has to wait."""


class Failure(msgspec.Struct, frozen=True):
    """One sign-in that failed; `who` is a hash, because people type passwords as their login."""

    who: str
    time_ms: int
    id: str


class Failures:
    """The failures of an installation. Every call raises UnavailableError."""

    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def add(self, login: str, address: str, now_ms: int) -> None:
        """Note a sign-in that failed."""
        rows = [Failure(who, now_ms, uuid.uuid4().hex) for who in _names(login, address)]
        write(self._store, "access_failures", rows)

    def locked_until(self, login: str, address: str, now_ms: int) -> int:
        """Unix ms until which this login or address has to wait; 0 = it may try."""
        until = 0
        for who, limit in zip(_names(login, address), LIMITS.values(), strict=True):
            rows = self._store.rows(
                "SELECT time_ms FROM access_failures WHERE who = %(who)s AND time_ms > %(since)s "
                "ORDER BY time_ms DESC LIMIT %(limit)s",
                who=who,
                since=now_ms - WINDOW_MS,
                limit=limit,
            )
            if len(rows) >= limit:
                until = max(until, int(rows[-1][0]) + WINDOW_MS)
        return until


def _names(login: str, address: str) -> Sequence[str]:
    return [_hash("login", login.lower()), _hash("address", address)]


def _hash(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
