"""The audit log: who changed what, when, with which credential."""

from contracts.access import Deed
from infra.access.rows import read, write
from infra.clickhouse import ClickHouse


class Audit:
    """The audit log of an installation. Every call raises UnavailableError."""

    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def add(self, deed: Deed) -> None:
        """Write a row."""
        write(self._store, "audit", [deed])

    def of(
        self, tenant: str, after: tuple[int, str] | None = None, limit: int = 100, actor: str = ""
    ) -> list[Deed]:
        """A tenant's deeds, the newest first; `after` is (time, id) of the page before."""
        time_ms, deed_id = after or (1 << 62, "")
        return read(
            self._store,
            "audit",
            Deed,
            "tenant = %(tenant)s AND (%(actor)s = '' OR actor = %(actor)s) "
            "AND (time_ms < %(time)s OR (time_ms = %(time)s AND deed_id > %(id)s)) "
            "ORDER BY time_ms DESC, deed_id LIMIT %(limit)s",
            tenant=tenant,
            actor=actor,
            time=time_ms,
            id=deed_id,
            limit=limit,
        )
