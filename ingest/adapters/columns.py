"""A log's columns as signals: catalogue ids, units converted, what is impossible refused."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from contracts.catalogue import signal_at
from ingest.adapters.cells import RowError

Convert = Callable[[float], float]


def same(value: float) -> float:
    """For columns that are in the catalogue's unit already."""
    return value


@dataclass(frozen=True)
class Column:
    """Column `name` of a log holds the signal at `path`, once converted into its unit."""

    name: str
    path: str
    convert: Convert = same


class Columns:
    """The columns of a log that are signals. `ids` is the frame's list of signals."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        specs = [signal_at(column.path) for column in columns]
        self.ids = np.array([spec.id for spec in specs], "<u2").tobytes()
        self._checks = [
            (column.convert, spec.low, spec.high, column.name, spec.unit)
            for column, spec in zip(columns, specs, strict=True)
        ]

    @property
    def limits(self) -> tuple[list[float], list[float]]:
        """What is physically possible, lowest and highest, in the catalogue's units."""
        return [check[1] for check in self._checks], [check[2] for check in self._checks]

    def convert(self, values: Sequence[float]) -> list[float]:
        """Values in the catalogue's units, NaN where missing. Raises RowError."""
        found = []
        for value, (convert, low, high, name, unit) in zip(values, self._checks, strict=True):
            converted = convert(value)
            if converted < low or converted > high:
                raise RowError(f"{name} is {converted:g} {unit}; possible is {low:g} to {high:g}")
            found.append(converted)
        return found
