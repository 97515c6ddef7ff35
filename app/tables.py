"""Tables for spreadsheets (CSV) and for programs (Parquet)."""

import io
from typing import Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def harmless(value: object) -> object:
    """Text that a spreadsheet would take for a formula, with an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def as_csv(table: pa.Table) -> bytes:
    """With a header; text that a spreadsheet would take for a formula gets an apostrophe."""
    for place, field in enumerate(table.schema):
        if field.type == pa.string():
            column = pa.array(
                [harmless(one) for one in table.column(place).to_pylist()], field.type
            )
            table = table.set_column(place, field, column)
    sink = io.BytesIO()
    pyarrow.csv.write_csv(table, sink)
    return sink.getvalue()


def as_parquet(table: pa.Table) -> bytes:
    """Parquet with these types."""
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink)
    return sink.getvalue()
