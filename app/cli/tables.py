"""How commands write tables to files."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final

import pyarrow as pa
import typer

from app.cli.output import print_done, written
from app.tables import as_csv, as_parquet
from contracts.errors import SettingsError

_WRITERS: Final[Mapping[str, Callable[[pa.Table], bytes]]] = {
    ".csv": as_csv,
    ".parquet": as_parquet,
}
TablePath = Annotated[Path, typer.Argument(help="A file that ends in .csv or .parquet.")]


def check_table(path: Path) -> None:
    """Raises SettingsError where the file's name doesn't say how to write it."""
    if path.suffix not in _WRITERS:
        raise SettingsError(f"{path}: give a file that ends in {' or '.join(_WRITERS)}")


def write_table(path: Path, table: pa.Table, rows: str, *, as_json: bool) -> None:
    """As the name of the file asks, with a sentence about it; `rows` says what a row is."""
    path.write_bytes(_WRITERS[path.suffix](table))
    text = written(table.num_rows, rows, path)
    print_done(text, as_json=as_json, path=str(path), **{rows: table.num_rows})
