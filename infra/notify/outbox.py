"""Messages that have to go out, in a SQLite file: what is in it survives a crash.

A notice is known by its id and comes in once for each target. What is due together goes out as one
delivery, whose id stays the same at every try; a delivery that was answered is never tried again.
What is due within `GROUP_WAIT_MS` after another of its target and group is due with that one.
"""

import hashlib
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from alerts.routing import GROUP_WAIT_MS, Entry
from contracts.alerts import Alert, Transition
from contracts.errors import DataError
from contracts.notices import DriftNotice, Notice

KEPT_MS: Final = 30 * 86_400_000
"""How long what is done stays known."""
_ADD: Final = """
INSERT OR IGNORE INTO entries (notice_id, target, grouping, due_ms, notice)
VALUES (:notice_id, :target, :group, coalesce((
    SELECT min(due_ms) FROM entries WHERE delivery_id IS NULL AND target = :target
    AND grouping = :group AND due_ms > :due_ms - :wait_ms AND due_ms < :due_ms
), :due_ms), :notice)
"""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS entries (
    notice_id TEXT NOT NULL,
    target TEXT NOT NULL,
    grouping TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    delivery_id TEXT,
    notice BLOB NOT NULL,
    PRIMARY KEY (notice_id, target)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS waiting ON entries (due_ms) WHERE delivery_id IS NULL;
CREATE TABLE IF NOT EXISTS deliveries (
    delivery_id TEXT PRIMARY KEY,
    target TEXT NOT NULL,
    made_ms INTEGER NOT NULL,
    next_ms INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'pending',
    detail TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS pending ON deliveries (next_ms) WHERE state = 'pending';
"""


class _Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """A notice as the file holds it: an alert's as it is, or drift under a name of its own."""

    alert: Alert | None = None
    change: Transition | None = None
    plate: str = ""
    drift: DriftNotice | None = None


_decoder = msgspec.msgpack.Decoder(_Kept)


class Delivery(NamedTuple):
    """One message to one target: pending, answered, or given up."""

    delivery_id: str
    target: str
    made_ms: int
    next_ms: int
    tries: int
    state: str
    detail: str


class Outbox:
    """Used by several threads. Raises DataError when the file can't be used."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        try:
            self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.execute("PRAGMA busy_timeout = 5000")
            self._base.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise DataError(f"the outbox {path} can't be used ({error}); move it away") from error

    def add(self, entries: Iterable[Entry]) -> int:
        """Take entries in; those that are known already change nothing. How many were new."""
        rows = [
            {
                "notice_id": one.notice.notice_id,
                "target": one.target,
                "group": one.group,
                "due_ms": one.due_ms,
                "wait_ms": GROUP_WAIT_MS,
                "notice": _encoded(one.notice),
            }
            for one in entries
        ]
        with self._lock, self._base:
            self._base.execute("BEGIN IMMEDIATE")
            before = self._base.total_changes
            self._base.executemany(_ADD, rows)
            return self._base.total_changes - before

    def gather(self, now_ms: int) -> int:
        """Make a delivery of everything that is due for the same target and group; how many were
        made. What has to wait longer stays.
        """
        with self._lock, self._base:
            self._base.execute("BEGIN IMMEDIATE")
            due = self._base.execute(
                "SELECT DISTINCT target, grouping FROM entries "
                "WHERE delivery_id IS NULL AND due_ms <= ? ORDER BY target, grouping",
                (now_ms,),
            ).fetchall()
            for target, group in due:
                self._make(target, group, now_ms)
        return len(due)

    def due(self, now_ms: int, busy: Sequence[str] = ()) -> list[Delivery]:
        """The longest waiting delivery of each target that isn't busy, if it is to be tried."""
        with self._lock:
            rows = self._base.execute(
                "SELECT delivery_id, target, made_ms, min(next_ms), tries, state, detail "
                "FROM deliveries WHERE state = 'pending' AND next_ms <= ? GROUP BY target",
                (now_ms,),
            ).fetchall()
        return [Delivery(*row) for row in rows if row[1] not in busy]

    def notices(self, delivery_id: str) -> list[Notice | DriftNotice]:
        """What a delivery tells."""
        with self._lock:
            rows = self._base.execute(
                "SELECT notice FROM entries WHERE delivery_id = ? ORDER BY notice_id",
                (delivery_id,),
            ).fetchall()
        return [_decoded(row[0]) for row in rows]

    def answered(self, delivery_id: str, detail: str) -> None:
        """The receiver has it: never again."""
        self._set(delivery_id, "answered", detail, 0)

    def again(self, delivery_id: str, detail: str, next_ms: int) -> None:
        """Not taken; try again then."""
        self._set(delivery_id, "pending", detail, next_ms)

    def give_up(self, delivery_id: str, detail: str) -> None:
        """Not taken for too long, or not wanted any more."""
        self._set(delivery_id, "given up", detail, 0)

    def listed(self, limit: int = 50) -> list[Delivery]:
        """The newest deliveries."""
        with self._lock:
            rows = self._base.execute(
                "SELECT delivery_id, target, made_ms, next_ms, tries, state, detail "
                "FROM deliveries ORDER BY made_ms DESC, delivery_id LIMIT ?",
                (limit,),
            ).fetchall()
        return [Delivery(*row) for row in rows]

    def waiting(self) -> int:
        """How many entries wait for their time."""
        with self._lock:
            row = self._base.execute(
                "SELECT count(*) FROM entries WHERE delivery_id IS NULL"
            ).fetchone()
        return int(row[0])

    def forget(self, before_ms: int) -> None:
        """Drop what has been done for so long."""
        with self._lock, self._base:
            self._base.execute("BEGIN IMMEDIATE")
            old = "SELECT delivery_id FROM deliveries WHERE state != 'pending' AND made_ms < ?"
            self._base.execute(
                f"DELETE FROM entries WHERE delivery_id IN ({old})",  # noqa: S608 (ours)
                (before_ms,),
            )
            self._base.execute(
                "DELETE FROM deliveries WHERE state != 'pending' AND made_ms < ?", (before_ms,)
            )

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def _make(self, target: str, group: str, now_ms: int) -> None:
        found = self._base.execute(
            "SELECT notice_id FROM entries WHERE delivery_id IS NULL AND target = ? "
            "AND grouping = ? AND due_ms <= ? ORDER BY notice_id",
            (target, group, now_ms),
        ).fetchall()
        named = "\n".join([target, *(row[0] for row in found)])
        delivery_id = f"msg_{hashlib.sha256(named.encode()).hexdigest()[:24]}"
        self._base.execute(
            "INSERT OR IGNORE INTO deliveries (delivery_id, target, made_ms, next_ms) "
            "VALUES (?, ?, ?, ?)",
            (delivery_id, target, now_ms, now_ms),
        )
        self._base.execute(
            "UPDATE entries SET delivery_id = ? WHERE delivery_id IS NULL AND target = ? "
            "AND grouping = ? AND due_ms <= ?",
            (delivery_id, target, group, now_ms),
        )

    def _set(self, delivery_id: str, state: str, detail: str, next_ms: int) -> None:
        with self._lock, self._base:
            self._base.execute(
                "UPDATE deliveries SET state = ?, detail = ?, next_ms = ?, tries = tries + 1 "
                "WHERE delivery_id = ? AND state = 'pending'",
                (state, detail[:500], next_ms, delivery_id),
            )


def outbox_in(home: Path) -> Outbox:
    """The outbox of this home."""
    return Outbox(home / "notify" / "outbox.sqlite")


def _encoded(notice: Notice | DriftNotice) -> bytes:
    kept = _Kept(drift=notice) if isinstance(notice, DriftNotice) else notice
    return msgspec.msgpack.encode(kept)


def _decoded(payload: bytes) -> Notice | DriftNotice:
    kept = _decoder.decode(payload)
    if kept.alert and kept.change:
        return Notice(kept.alert, kept.change, kept.plate)
    if kept.drift is None:
        raise DataError(
            "the outbox holds a notice of no known kind; was it made by a newer version?"
        )
    return kept.drift
