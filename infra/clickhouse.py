"""clickhouse-connect's HTTP client, opened from settings, with retries and readable errors.

Statements are repeated when the store is away for a moment: every row of ours has a natural key
and replaces itself, so a repeat changes nothing.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlsplit

import clickhouse_connect
import stamina
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, OperationalError

from contracts.errors import UnavailableError
from infra.connections import ClickHouseConnection
from infra.ports import is_loopback
from infra.vins import VinSeal

_T = TypeVar("_T")
_PASSING = frozenset({75, 159, 202, 209, 210, 241, 242, 243, 252, 425, 999})
"""Error codes that pass: a full disk, time-outs, too many queries or parts, memory, sockets,
Keeper."""
_REFUSED = frozenset({192, 193, 194, 497, 516})
_MISSING = frozenset({60, 81})
"""No such table, no such database."""
_INSERT_SETTINGS = {
    "max_partitions_per_insert_block": 0,
    # Versions of a row within one insert are left to merges: whoever reads says FINAL.
    "optimize_on_insert": 0,
}
_QUERY_SETTINGS = {
    # A partition is a function of the sorting key, so versions of a row share it.
    "do_not_merge_across_partitions_select_final": 1,
    "max_query_size": 64 * 1024 * 1024,
}


class ClickHouse:
    """A store's HTTP client. `patience_s`: how long a call repeats before UnavailableError."""

    def __init__(self, connection: ClickHouseConnection, patience_s: float = 10.0) -> None:
        self._connection = connection
        self._patience_s = patience_s
        self._client: Any = None

    @cached_property
    def vins(self) -> VinSeal:
        """How VINs are kept in this store."""
        return VinSeal(self._connection.vin_key.get_secret_value())

    @property
    def database(self) -> str:
        """The database that unqualified tables are in."""
        return self._connection.database

    def arrow(self, sql: str, **parameters: object) -> Any:  # noqa: ANN401 (a pyarrow.Table)
        """Rows of a query; `%(name)s` in the SQL stands for a parameter."""
        return self._call(
            lambda client: client.query_arrow(
                sql, parameters=parameters or None, settings=_QUERY_SETTINGS
            )
        )

    def rows(self, sql: str, **parameters: object) -> list[tuple[Any, ...]]:
        """Rows of a small query as tuples."""
        columns = self.arrow(sql, **parameters).to_pydict().values()
        return list(zip(*columns, strict=True))

    def command(self, sql: str, **parameters: object) -> None:
        """A statement without rows."""
        self._call(lambda client: client.command(sql, parameters=parameters or None))

    def insert(self, table: str, rows: Any) -> None:  # noqa: ANN401 (a pyarrow.Table)
        """Insert a pyarrow.Table and wait for the store's acknowledgement."""
        if not rows.num_rows:
            return
        settings = _INSERT_SETTINGS
        self._call(lambda client: client.insert_arrow(table, rows, settings=settings))

    def create_database(self) -> None:
        """Create the database where it is missing."""
        sql = f"CREATE DATABASE IF NOT EXISTS {self.database}"
        self._call(lambda client: client.command(sql, use_database=False))

    def _call(self, work: Callable[[Any], _T]) -> _T:
        try:
            for attempt in stamina.retry_context(
                on=_passes, attempts=None, timeout=self._patience_s, wait_initial=0.1, wait_max=2.0
            ):
                with attempt:
                    return work(self._open())
        except ClickHouseError as error:
            if _passes(error) or _code(error) in _REFUSED | _MISSING:
                raise UnavailableError(self._sentence(error)) from error
            raise
        raise AssertionError

    def _open(self) -> Any:  # noqa: ANN401 (clickhouse_connect has no stubs here)
        if self._client is None:
            self._client = _client(self._connection)
        return self._client

    def _sentence(self, error: ClickHouseError) -> str:
        where = self._connection.url
        if _code(error) in _REFUSED:
            return (
                f"ClickHouse at {where} refuses user {self._connection.user!r}; set "
                "TELLTALE_CLICKHOUSE__USER and TELLTALE_CLICKHOUSE__PASSWORD"
            )
        if _code(error) in _MISSING:
            return (
                f"ClickHouse at {where} holds no tables of Telltale in database "
                f"{self._connection.database!r} yet; `telltale up` makes them"
            )
        reason = str(error).splitlines()[0][:200]
        return (
            f"ClickHouse at {where} doesn't answer ({reason}); see `telltale status` and "
            "TELLTALE_CLICKHOUSE__URL"
        )


def _client(connection: ClickHouseConnection) -> Any:  # noqa: ANN401 (no stubs)
    url = urlsplit(connection.url)
    secure = url.scheme == "https"
    client = clickhouse_connect.get_client(
        host=url.hostname,
        port=url.port or (8443 if secure else 8123),
        interface=url.scheme,
        username=connection.user,
        password=connection.password.get_secret_value(),
        ca_cert=str(connection.ca_file) if connection.ca_file else None,
        autogenerate_session_id=False,
        connect_timeout=5,
        send_receive_timeout=120,
        tz_mode="aware",
        # On loopback it would cost more than it saves.
        compress=not is_loopback(url.hostname or ""),
    )
    # Assigned afterwards, because the database may still have to be created.
    client.database = connection.database
    return client


def _passes(error: Exception) -> bool:
    if isinstance(error, OperationalError):
        return _code(error) not in _REFUSED
    return isinstance(error, DatabaseError) and (_code(error) in _PASSING or _is_foreign(error))


def _is_foreign(error: Exception) -> bool:
    """Whether the answer came from something before ClickHouse: a gateway that finds it gone."""
    return type(error) is DatabaseError and not _code(error)


def _code(error: ClickHouseError) -> int:
    return getattr(error, "code", None) or 0
