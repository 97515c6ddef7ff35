"""Signals by their stable numeric ids: COVESA VSS paths, units and what is physically possible."""

import re
from functools import cache
from importlib.resources import files

import msgspec

from contracts.errors import DataError


class Signal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One signal of the catalogue.

    `path` is the VSS path below `Vehicle.`; `extension` marks signals that VSS lacks and that we
    named in its manner. Values below `low` or above `high` are not possible, in `unit`.
    """

    id: int
    path: str
    unit: str
    low: float
    high: float
    description: str
    extension: bool = False

    @property
    def column(self) -> str:
        """Name for SQL columns and features: the path's last parts in snake case."""
        return column_name(self.path)


_PREFIXES = ("powertrain_combustion_engine_", "powertrain_", "chassis_", "exterior_")


def column_name(path: str) -> str:
    """`Powertrain.CombustionEngine.EngineCoolant.Temperature` -> `engine_coolant_temperature`."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|\.", "_", path).lower()
    for prefix in _PREFIXES:
        if snake.startswith(prefix):
            rest = snake.removeprefix(prefix)
            return f"engine_{rest}" if rest in {"speed", "load", "torque"} else rest
    return snake


class _File(msgspec.Struct, forbid_unknown_fields=True):
    signal: list[Signal]


@cache
def catalogue() -> dict[str, Signal]:
    """All signals by path."""
    text = files("contracts").joinpath("catalogue.toml").read_bytes()
    signals = msgspec.toml.decode(text, type=_File).signal
    return {signal.path: signal for signal in signals}


@cache
def signals_by_id() -> dict[int, Signal]:
    """All signals by id."""
    return {signal.id: signal for signal in catalogue().values()}


def signal_at(path: str) -> Signal:
    """The signal with this VSS path. Raises DataError when the catalogue lacks it."""
    try:
        return catalogue()[path]
    except KeyError:
        msg = f"signal {path!r} is not in contracts/catalogue.toml; add it there with a new id"
        raise DataError(msg) from None
