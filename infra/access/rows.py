"""Structs as rows of a table with the same columns, and back."""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
import pyarrow as pa

from infra.clickhouse import ClickHouse

S = TypeVar("S", bound=msgspec.Struct)
_TYPES: dict[Any, Any] = {
    int: pa.int64(),
    bool: pa.bool_(),
    tuple[str, ...]: pa.list_(pa.string()),
}


def write(store: ClickHouse, table: str, rows: Sequence[msgspec.Struct]) -> None:
    """Insert rows and wait for the store's acknowledgement. Raises UnavailableError."""
    if not rows:
        return
    columns = {
        field.name: pa.array(
            [getattr(row, field.name) for row in rows], _TYPES.get(field.type, pa.string())
        )
        for field in msgspec.structs.fields(rows[0])
    }
    store.insert(table, pa.table(columns))


def read(
    store: ClickHouse, table: str, kind: type[S], condition: str, **parameters: object
) -> list[S]:
    """The newest version of every row for which `condition` (SQL of ours) holds; it may end with
    an order and a limit. Raises UnavailableError.
    """
    names = kind.__struct_fields__
    found = store.rows(
        f"SELECT {', '.join(names)} FROM {table} FINAL WHERE {condition}",  # noqa: S608 (ours)
        **parameters,
    )
    return [msgspec.convert(dict(zip(names, row, strict=True)), kind) for row in found]
