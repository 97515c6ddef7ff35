"""The embedded ClickHouse engine (chDB): statements in, formatted bytes out.

One engine a process, on one folder. Every caller gets a connection of its own, since a
connection serves one statement at a time; connections are kept by database and settings.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chdb
from chdb import ChdbError

from infra.sql_guard import RefusedSqlError, SqlGuard

_SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_CODE = re.compile(r"Code:\s*(\d+)")
_STATELESS = frozenset({"select", "with", "insert", "show", "exists", "describe"})
_IDLE_CONNECTIONS = 32
_Key = tuple[str, frozenset[tuple[str, str]]]
ACCESS_DENIED = 497


class EngineError(Exception):
    """What the engine says against a statement, with ClickHouse's error code."""

    def __init__(self, text: str, code: int | None = None) -> None:
        super().__init__(text)
        found = _CODE.search(text)
        self.code = code or (int(found[1]) if found else 1002)


@dataclass(frozen=True)
class Statement:
    """SQL with what it needs. `data` is a file of rows for an INSERT, in `FORMAT` of the SQL."""

    sql: str
    database: str
    output: str
    settings: Mapping[str, str]
    parameters: Mapping[str, str]
    data: Path | None = None
    compression: str = ""


@dataclass(frozen=True)
class Answer:
    """Formatted rows (a buffer that the engine owns) and counts."""

    body: memoryview
    result: Any
    output: str
    read_rows: int
    written_rows: int


class StoreEngine:
    """Opens the engine on a folder. Close it at the end."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = str(folder)
        self._lock = threading.Lock()
        self._idle: OrderedDict[_Key, list[Any]] = OrderedDict()
        self._keeper = chdb.connect(self._path)
        # chDB's own `default` falls back to files of any path as tables; an empty one doesn't.
        self._keeper.query("DROP DATABASE default")
        self._keeper.query("CREATE DATABASE default ENGINE = Memory")
        names = self._keeper.query("SELECT name FROM system.table_functions", "TabSeparated")
        self._guard = SqlGuard(names.bytes().decode().split())
        self.version = self._keeper.query("SELECT version()", "TabSeparated").bytes().decode()

    def run(self, statement: Statement) -> Answer:
        """Run one statement, blocking. Raises EngineError."""
        try:
            first = self._guard.check(statement.sql)
        except RefusedSqlError as error:
            text = f"Code: {ACCESS_DENIED}. DB::Exception: {error}. (ACCESS_DENIED)"
            raise EngineError(text, ACCESS_DENIED) from None
        key = (statement.database, frozenset(statement.settings.items()))
        connection = self._take(key)
        keep = False
        try:
            answer = _run(connection, statement)
            keep = first in _STATELESS
        except ChdbError as error:
            keep = first in _STATELESS
            raise EngineError(str(error)) from None
        finally:
            self._give(key, connection, keep=keep)
        return answer

    def close(self) -> None:
        """Close every idle connection; the engine ends with the last one."""
        with self._lock:
            for connections in self._idle.values():
                for connection in connections:
                    connection.close()
            self._idle.clear()
        self._keeper.close()

    def _take(self, key: _Key) -> Any:  # noqa: ANN401 (chDB)
        with self._lock:
            waiting = self._idle.get(key)
            if waiting:
                return waiting.pop()
            connection = chdb.connect(self._path)
        database, settings = key
        try:
            if settings:
                connection.query("SET " + ", ".join(map(_assignment, sorted(settings))))
            if database and database != "default":
                connection.query(f"USE {_quoted(database)}")
        except ChdbError as error:
            connection.close()
            raise EngineError(str(error)) from None
        except EngineError:
            connection.close()
            raise
        return connection

    def _give(self, key: _Key, connection: Any, *, keep: bool) -> None:  # noqa: ANN401 (chDB)
        with self._lock:
            if not keep:
                connection.close()
                return
            self._idle.setdefault(key, []).append(connection)
            self._idle.move_to_end(key)
            if sum(map(len, self._idle.values())) > _IDLE_CONNECTIONS:
                oldest = next(iter(self._idle))
                for old in self._idle.pop(oldest):
                    old.close()


def _run(connection: Any, statement: Statement) -> Answer:  # noqa: ANN401 (chDB)
    sql = statement.sql.rstrip().rstrip(";")
    output = statement.output
    clause = _FORMAT.search(sql)
    if statement.data is not None:
        if clause is None:
            raise EngineError("Code: 62. DB::Exception: INSERT with data needs FORMAT at its end")
        packed = f" COMPRESSION '{statement.compression}'" if statement.compression else ""
        infile = f" FROM INFILE '{statement.data}'{packed} FORMAT {clause[1]}"
        sql = sql[: clause.start()] + infile
    elif clause is not None:
        output = clause[1]
    result = connection.query(sql, output, params=dict(statement.parameters))
    body = memoryview(result.get_memview().view()) if result.size() else memoryview(b"")
    return Answer(body, result, output, result.rows_read(), result.rows_written())


def _assignment(setting: tuple[str, str]) -> str:
    name, value = setting
    if not _SETTING.fullmatch(name):
        raise EngineError(f"Code: 115. DB::Exception: {name!r} is no setting. (UNKNOWN_SETTING)")
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{name} = '{escaped}'"


def _quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
