"""What the engine remembers of vehicles: dense arrays, one row a vehicle.

All float state of a vehicle stands in one row, all integer state in another, so that a batch
gathers and scatters two arrays. `Block` names their parts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.batches import Floats, Ints
from contracts.errors import TelltaleError
from features import sequence
from features.baseline import EMPTY
from features.codes import HALF_LIVES
from features.moments import SUMS
from features.profile import Profile

ENGINE_VERSION: Final = 2
"""Grows whenever the meaning of the arrays changes; older snapshots are then refused, but for those
of version 1, which lack `moment` alone.
"""
_CLOCKS: Final = ("newest", "frame", "frame_seq", "first", "scored", "firmware", "reset", "frames")


class StaleStateError(TelltaleError):
    """A stored state belongs to another engine version, profile or expectation."""


@dataclass(frozen=True)
class Layout:
    """Widths of a profile's state: signals, half-lives, parts, fault codes (one more: others)."""

    signals: int
    half_lives: int
    parts: int
    codes: int

    @classmethod
    def of(cls, profile: Profile) -> "Layout":
        """The layout of a profile's state."""
        return cls(
            len(profile.signals),
            len(profile.half_lives),
            len(profile.parts),
            len(profile.fault_codes) + 1,
        )

    @cached_property
    def float_parts(self) -> dict[str, tuple[slice, tuple[int, ...]]]:
        """Where each float part stands in a row, and its shape."""
        signals = self.signals
        return _places(
            {
                "sums": (SUMS, self.half_lives * signals),
                "weight": (self.half_lives,),
                "codes": (len(HALF_LIVES), self.codes),
                "baseline": (2, 2, signals),
                "now": (signals,),
                "spread": (signals,),
            }
        )

    @cached_property
    def int_parts(self) -> dict[str, tuple[slice, tuple[int, ...]]]:
        """Where each integer part stands in a row, and its shape."""
        clocks: dict[str, tuple[int, ...]] = dict.fromkeys(_CLOCKS, ())
        shapes = {"buckets": (2,), "replaced": (self.parts,), "used": (self.parts,), "moment": ()}
        return _places(clocks | shapes)


def _places(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[slice, tuple[int, ...]]]:
    found, start = {}, 0
    for name, shape in shapes.items():
        found[name] = (slice(start, start + prod(shape)), shape)
        start += prod(shape)
    return found


def _width(parts: dict[str, tuple[slice, tuple[int, ...]]]) -> int:
    return max(int(place.stop) for place, _ in parts.values())


class Block:
    """Some vehicles' state, its parts by name as views; changing them changes the arrays.

    Floats: `sums` [n, 7, H*K] (moments), `weight` [n, H] decayed number of frames, `codes`
    [n, 2, codes], `baseline` [n, 2 buckets, 2, K], `now` and `spread` [n, K] of the newest frame.
    Integers, times in Unix milliseconds, 0 = never: `newest` time of any record, `frame` and
    `frame_seq` of the newest frame, `first` record, `scored` the newest row's date, `firmware`
    change, baseline `reset`, `frames` counted [n]; `buckets` [n, 2]; `replaced`, `used` [n, P];
    `moment` [n] the newest event time when the newest row was made, which its date may be after.
    """

    sums: Floats
    weight: Floats
    codes: Floats
    baseline: Floats
    now: Floats
    spread: Floats
    newest: Ints
    frame: Ints
    frame_seq: Ints
    first: Ints
    scored: Ints
    firmware: Ints
    reset: Ints
    frames: Ints
    buckets: Ints
    replaced: Ints
    used: Ints
    moment: Ints

    def __init__(self, layout: Layout, floats: Floats, ints: Ints) -> None:
        self.layout, self.floats, self.ints = layout, floats, ints
        for name, (place, shape) in layout.float_parts.items():
            setattr(self, name, floats[:, place].reshape(len(floats), *shape))
        for name, (place, shape) in layout.int_parts.items():
            setattr(self, name, ints[:, place].reshape(len(ints), *shape))

    def __len__(self) -> int:
        return len(self.floats)

    def take(self, rows: Ints | slice) -> "Block":
        """Some of the vehicles: a copy, or for a slice a view."""
        return Block(self.layout, self.floats[rows], self.ints[rows])


class ProfileState:
    """The vehicles of one profile: rows by (tenant, vehicle id), grown by doubling."""

    def __init__(self, profile: Profile, expectation_id: str, capacity: int = 64) -> None:
        self.layout = Layout.of(profile)
        self.profile, self.expectation_id = profile.name, expectation_id
        self.rows: dict[tuple[str, str], int] = {}
        self.floats = np.zeros((0, _width(self.layout.float_parts)), np.float32)
        self.ints = np.zeros((0, _width(self.layout.int_parts)), np.int64)
        self.windows = np.zeros((0, sequence.WIDTH), np.int64)
        self.rings = np.zeros((0, sequence.RING + 1), np.uint64)
        self._grow(capacity)

    def row(self, key: tuple[str, str]) -> int:
        """The vehicle's row; a new vehicle gets an empty one."""
        found = self.rows.get(key)
        if found is None:
            found = self.rows[key] = len(self.rows)
            if found == len(self.floats):
                self._grow(2 * found)
        return found

    def block(self, rows: Ints | slice) -> Block:
        """Some vehicles' state: a copy, or for a slice a view."""
        return Block(self.layout, self.floats[rows], self.ints[rows])

    def put(self, rows: Ints, block: Block) -> None:
        """Write a changed copy back."""
        self.floats[rows] = block.floats
        self.ints[rows] = block.ints

    def _grow(self, capacity: int) -> None:
        start = len(self.floats)
        fresh = capacity - start
        empty = Block(
            self.layout,
            np.zeros((fresh, self.floats.shape[1]), np.float32),
            np.zeros((fresh, self.ints.shape[1]), np.int64),
        )
        empty.buckets[:] = EMPTY
        empty.now[:] = np.nan
        empty.spread[:] = np.nan
        empty.frame_seq[:] = -1
        self.floats = np.concatenate([self.floats, empty.floats])
        self.ints = np.concatenate([self.ints, empty.ints])
        windows = np.zeros((fresh, sequence.WIDTH), np.int64)
        windows[:, 0] = -1
        self.windows = np.concatenate([self.windows, windows])
        rings = np.zeros((fresh, sequence.RING + 1), np.uint64)
        self.rings = np.concatenate([self.rings, rings])

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """The state as arrays: views, not copies, except for the index."""
        count = len(self.rows)
        index = "\n".join(f"{tenant}\n{vehicle}" for tenant, vehicle in self.rows)
        return {
            "version": _text(self._version(ENGINE_VERSION)),
            "index": _text(index),
            "floats": self.floats[:count],
            "ints": self.ints[:count],
            "windows": self.windows[:count],
            "rings": self.rings[:count],
        }

    def load(self, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Take over what `arrays` returned. Raises StaleStateError when it doesn't fit."""
        version = bytes(arrays["version"].tobytes()).decode()
        ints = arrays["ints"]
        if version == self._version(1):
            ints = self._with_moment(ints)
        elif version != self._version(ENGINE_VERSION):
            raise StaleStateError(
                f"the stored state of profile {self.profile} was made by another engine version, "
                f"profile or expectation; rebuild it from history"
            )
        names = bytes(arrays["index"].tobytes()).decode().split("\n")
        pairs = zip(names[::2], names[1::2], strict=False)
        self.rows = {pair: row for row, pair in enumerate(pairs)}
        count = len(self.rows)
        if count > len(self.floats):
            self._grow(count)
        self.ints[:count] = ints
        for name in ("floats", "windows", "rings"):
            getattr(self, name)[:count] = arrays[name]

    def _version(self, number: int) -> str:
        return f"{number}\n{self.layout}\n{self.expectation_id}"

    def _with_moment(self, ints: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Version 1 kept the newest row's date alone: the row was made then or just before."""
        parts = self.layout.int_parts
        scored, newest = (ints[:, parts[name][0]] for name in ("scored", "newest"))
        return np.hstack([ints, np.minimum(scored, newest)])


class PartitionState:
    """The state of all vehicles of one partition, by profile: a function of the log so far."""

    def __init__(self) -> None:
        self.profiles: dict[str, ProfileState] = {}

    def __len__(self) -> int:
        return sum(len(state.rows) for state in self.profiles.values())

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Everything as arrays named `profile/part` (views: write them out before the next step).

        `Engine.restore` is the inverse.
        """
        return {
            f"{name}/{part}": array
            for name, state in sorted(self.profiles.items())
            for part, array in state.arrays().items()
        }


def _text(text: str) -> npt.NDArray[np.generic]:
    return np.frombuffer(text.encode(), np.uint8)
