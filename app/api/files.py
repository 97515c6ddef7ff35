"""Tables as files that a route answers with."""

from typing import Final

import pyarrow as pa
from fastapi import Response

from app.tables import as_csv, as_parquet

CSV: Final = "text/csv"
PARQUET: Final = "application/vnd.apache.parquet"


def csv_file(name: str, table: pa.Table) -> Response:
    """For a spreadsheet."""
    return _file(f"{name}.csv", CSV, as_csv(table))


def parquet_file(name: str, table: pa.Table) -> Response:
    """For programs, with its types."""
    return _file(f"{name}.parquet", PARQUET, as_parquet(table))


def _file(name: str, media: str, payload: bytes) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(payload, media_type=media, headers=headers)
