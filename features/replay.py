"""History through the same engine: stored summaries and events in, feature rows or a state out.

Vehicles go side by side, each by its own order of event time (events before frames of the same
time). The code that applies a record is the live stream's; for a log in order of time the rows are
the same to the bit.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.batches import FeatureRows, Floats, Ints, Summaries
from contracts.records import VehicleEvent
from features import sequence
from features.apply import NONE, TRIGGERS, apply_event, apply_frames
from features.expectation import Expectation
from features.plan import Plan, make_plan, prepare
from features.profile import Profile
from features.state import Block, PartitionState, ProfileState
from features.vector import Vector

_CHUNK: Final = 256
"""Vehicles side by side: their state stays in the second-level cache."""
_TURNS: Final = 16
"""Frames of each vehicle that are standardised at a time."""
_ROWS: Final = 4_096
"""Feature rows that are held back before they are handed out."""


def replay(
    profile: Profile,
    expectation: Expectation | None,
    summaries: Summaries,
    events: Sequence[VehicleEvent],
    state: PartitionState | None = None,
    min_gap_ms: int = 0,
) -> Iterator[FeatureRows]:
    """The feature rows that the live stream would have scored, some thousand at a time.

    `min_gap_ms` thins them: a vehicle's next row comes at least that much later. Records must be
    free of duplicates, as the store's are. `state` is where history goes on from; it is changed.
    Rows of one vehicle are in order, vehicles are mixed.
    """
    plan = make_plan(profile, expectation)
    room = _room(plan, state if state is not None else PartitionState())
    course = _Course(plan, room, summaries, events)
    return course.rows(Vector(plan), min_gap_ms)


def rebuild(
    profile: Profile,
    expectation: Expectation | None,
    summaries: Summaries,
    events: Sequence[VehicleEvent],
    state: PartitionState | None = None,
) -> PartitionState:
    """The state after this history, ready for the live stream to go on from."""
    found = state if state is not None else PartitionState()
    plan = make_plan(profile, expectation)
    course = _Course(plan, _room(plan, found), summaries, events)
    for _ in course.rows(None, 0):
        pass
    course.mark_sequences()
    return found


def _room(plan: Plan, state: PartitionState) -> ProfileState:
    name = plan.profile.name
    if name not in state.profiles:
        state.profiles[name] = ProfileState(plan.profile, plan.expectation.id)
    return state.profiles[name]


@dataclass(frozen=True)
class _Due:
    """Rows on their way out: state rows, times, triggers and values."""

    row: Ints
    time_ms: Ints
    trigger: npt.NDArray[np.int8]
    values: Floats


class _Course:
    """History of one profile, ordered by vehicle."""

    def __init__(
        self,
        plan: Plan,
        room: ProfileState,
        summaries: Summaries,
        events: Sequence[VehicleEvent],
    ) -> None:
        self.plan, self.room, self.summaries = plan, room, summaries
        keys = zip(summaries.tenant, summaries.vehicle_id, strict=True)
        row = np.fromiter((room.row(key) for key in keys), np.int64, len(summaries))
        self.order = np.lexsort((summaries.seq, summaries.time_ms, row))
        self.events: dict[int, list[VehicleEvent]] = {}
        for event in sorted(events, key=lambda e: e.time_ms):
            place = room.row((event.tenant, event.vehicle_id))
            self.events.setdefault(place, []).append(event)
        bounds = np.searchsorted(row[self.order], np.arange(len(room.rows) + 1))
        self.start, self.count = bounds[:-1], np.diff(bounds)
        present = self.count > 0
        present[list(self.events)] = True
        rows = np.flatnonzero(present)
        self.vehicles = rows[np.argsort(-self.count[rows], kind="stable")]
        self.keys = list(room.rows)

    def rows(self, vector: Vector | None, min_gap_ms: int) -> Iterator[FeatureRows]:
        """Apply everything; hand out rows unless there is no vector."""
        for start in range(0, len(self.vehicles), _CHUNK):
            rows = self.vehicles[start : start + _CHUNK]
            block = self.room.block(rows)
            held: list[_Due] = []
            for due in _Lane(self, rows, block, vector, min_gap_ms).run():
                held.append(due)
                if sum(len(part.row) for part in held) >= _ROWS and vector:
                    yield self._hand_out(held, vector)
                    held = []
            self.room.put(rows, block)
            if held and vector:
                yield self._hand_out(held, vector)

    def mark_sequences(self) -> None:
        """Make the anti-replay windows those of a stream that has seen these frames."""
        for row in self.vehicles:
            start = self.start[row]
            places = self.order[start : start + self.count[row]]
            if places.size:
                sequence.mark(self.room.windows[row], self.summaries.seq[places])

    def _hand_out(self, held: list[_Due], vector: Vector) -> FeatureRows:
        keys = [self.keys[row] for part in held for row in part.row]
        return FeatureRows(
            self.plan.profile.name,
            vector.names,
            [tenant for tenant, _ in keys],
            [vehicle for _, vehicle in keys],
            np.concatenate([part.time_ms for part in held]),
            [TRIGGERS[trigger] for part in held for trigger in part.trigger],
            np.concatenate([part.values for part in held]),
        )


class _Lane:
    """Some vehicles, most frames first, so that those with a frame in a turn stand together."""

    def __init__(
        self, course: _Course, rows: Ints, block: Block, vector: Vector | None, min_gap_ms: int
    ) -> None:
        self.course, self.vehicles, self.block = course, rows, block
        self.vector, self.min_gap_ms = vector, min_gap_ms
        self.count = course.count[rows]
        self.handed_out = np.zeros(len(rows), np.int64)
        self.events = self._events_by_turn()

    def run(self) -> Iterator[_Due]:
        """Apply turn by turn; the rows due."""
        last = int(self.count.max())
        for first in range(0, last + 1, _TURNS):
            turns = range(first, min(first + _TURNS, last))
            sizes = [int(np.searchsorted(-self.count, -turn)) for turn in turns]
            batch = None
            if sizes:
                begin = self.course.start[self.vehicles]
                places = [begin[:size] + turn for turn, size in zip(turns, sizes, strict=True)]
                frames = self.course.order[np.concatenate(places)]
                batch = prepare(self.course.plan, self.course.summaries, frames)
            done = 0
            for turn, size in zip(turns, sizes, strict=True):
                yield from self._happen(turn)
                block = self.block.take(slice(0, size))
                if batch is not None:
                    part = batch.take(slice(done, done + size))
                    trigger = apply_frames(self.course.plan, block, part)
                    yield from self._due(block, np.arange(size), trigger)
                done += size
        for turn in range(last, last + 1):
            yield from self._happen(turn)

    def _events_by_turn(self) -> Mapping[int, list[tuple[int, VehicleEvent]]]:
        course = self.course
        found: dict[int, list[tuple[int, VehicleEvent]]] = {}
        for slot, row in enumerate(self.vehicles.tolist()):
            events = course.events.get(row)
            if not events:
                continue
            start = course.start[row]
            times = course.summaries.time_ms[course.order[start : start + course.count[row]]]
            before = np.searchsorted(times, [event.time_ms for event in events])
            for turn, event in zip(before.tolist(), events, strict=True):
                found.setdefault(turn, []).append((slot, event))
        return found

    def _happen(self, turn: int) -> Iterator[_Due]:
        for slot, event in self.events.get(turn, ()):
            ring = self.course.room.rings[self.vehicles[slot]]
            if sequence.accept_event(ring, sequence.event_hash(event)):
                block = self.block.take(slice(slot, slot + 1))
                trigger = apply_event(self.course.plan, block, event)
                yield from self._due(block, np.array([slot]), np.array([trigger], np.int8))

    def _due(self, block: Block, slots: Ints, trigger: npt.NDArray[np.int8]) -> Iterator[_Due]:
        """Feature rows of the block's vehicles (at these slots) that are due and not thinned."""
        if self.vector is None:
            return
        since = block.newest - self.handed_out[slots]
        due = np.flatnonzero((trigger != NONE) & (since >= self.min_gap_ms))
        if due.size:
            part = block.take(due)
            self.handed_out[slots[due]] = part.newest
            rows = self.vehicles[slots[due]]
            yield _Due(rows, part.scored, trigger[due], self.vector.values(part))
