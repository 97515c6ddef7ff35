"""What a topic of others holds: which field is which, and which names are which signals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np

from contracts.batches import Doubles
from contracts.catalogue import Signal, signal_at
from contracts.errors import DataError
from ingest.units import converter

Form = Literal["long", "flat"]


class Fields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names of the fields of a message. `time` "" takes `ts` or `time`, whichever is there."""

    vehicle: str = "vehicle_id"
    time: str = ""
    signal: str = "signal"
    value: str = "value"


class SignalName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`name` of theirs means the signal at `path`; `unit` "" is the catalogue's own."""

    name: str
    path: str
    unit: str = ""


class TopicMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One topic. long: a message is a value, with its signal's name in a field; flat: a message is
    a row of values, each in a field that is named after its signal. Without `signals`, every signal
    of the profile goes by its VSS path and by its column name.
    """

    name: str
    profile: str
    form: Form = "long"
    tenant: str = ""
    fields: Fields = Fields()
    signals: list[SignalName] = []


class GatewayFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A gateway's file: its topics."""

    topics: list[TopicMapping]


@dataclass(frozen=True)
class Layout:
    """Signals of a topic as columns: `column` by name of theirs, the rest by column.

    A value of theirs times `factor` plus `offset` is in the catalogue's unit, where it has to lie
    from `low` to `high`.
    """

    signals: tuple[Signal, ...]
    column: Mapping[str, int]
    factor: Doubles
    offset: Doubles
    low: Doubles
    high: Doubles


def parse_gateway(text: bytes, source: str) -> GatewayFile:
    """A gateway's file from TOML. Raises DataError naming `source` and the place in it."""
    try:
        found = msgspec.toml.decode(text, type=GatewayFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{source}: {error}") from error
    names = [topic.name for topic in found.topics]
    if not names or len(set(names)) != len(names):
        raise DataError(f"{source}: give at least one [[topics]], each name once")
    return found


def layout(names: Sequence[SignalName]) -> Layout:
    """The columns behind these names. Raises DataError for an unknown path or unit."""
    paths = list(dict.fromkeys(one.path for one in names))
    column: dict[str, int] = {}
    factor, offset = np.ones(len(paths)), np.zeros(len(paths))
    units: dict[int, str] = {}
    for one in names:
        spec, at = signal_at(one.path), paths.index(one.path)
        convert = converter(one.unit or spec.unit, spec.unit)
        if units.setdefault(at, one.unit) != one.unit:
            raise DataError(f"signal {one.path} comes in two units; give it one")
        column[one.name] = at
        offset[at] = convert(0.0)
        factor[at] = convert(1.0) - offset[at]
    signals = tuple(signal_at(path) for path in paths)
    low, high = (np.array([getattr(one, side) for one in signals]) for side in ("low", "high"))
    return Layout(signals, column, factor, offset, low, high)
