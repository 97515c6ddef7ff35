"""Answers to changes that bore an Idempotency-Key, kept for a day."""

import msgspec

from infra.access.rows import read, write
from infra.clickhouse import ClickHouse

KEEP_MS = 86_400_000


class KeptAnswer(msgspec.Struct, frozen=True):
    """What a change was answered. `owner`: whose key it was; `fingerprint`: of the request."""

    owner: str
    idempotency_key: str
    fingerprint: str
    status: int
    media_type: str
    body: str
    time_ms: int


class KeptAnswers:
    """The kept answers of an installation. Every call raises UnavailableError."""

    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def add(self, answer: KeptAnswer) -> None:
        """Keep an answer."""
        write(self._store, "idempotent_answers", [answer])

    def find(self, owner: str, key: str, now_ms: int) -> KeptAnswer | None:
        """The answer that this owner's key was given, None where there is none."""
        found = read(
            self._store,
            "idempotent_answers",
            KeptAnswer,
            "owner = %(owner)s AND idempotency_key = %(key)s AND time_ms > %(since)s LIMIT 1",
            owner=owner,
            key=key,
            since=now_ms - KEEP_MS,
        )
        return found[0] if found else None
