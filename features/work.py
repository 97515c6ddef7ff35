"""One batch's records of one profile on their way through the engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.batches import FeatureRows, Flags, Floats, Ints, Summaries
from contracts.records import Frame, Record, VehicleEvent
from features import checks, sequence
from features.apply import NONE, TRIGGERS, apply_event, apply_frames
from features.expectation import Expectation
from features.plan import Batch, Plan, make_plan, prepare
from features.profile import Profile
from features.refusal import Refusal
from features.state import ProfileState
from features.summary import Reducer
from features.turns import by_turn, turns
from features.vector import Vector

CHUNK: Final = 256
"""Vehicles per array step: their state fits the second-level cache."""


@dataclass(frozen=True)
class Tools:
    """What serves every batch of a profile."""

    plan: Plan
    vector: Vector
    reducer: Reducer

    @classmethod
    def of(cls, profile: Profile, expectation: Expectation | None) -> "Tools":
        """The tools; raises ModelError when the expectation is of other signals."""
        plan = make_plan(profile, expectation)
        return cls(plan, Vector(plan), Reducer(profile))


class Work:
    """One batch's records of one profile on their way through."""

    def __init__(
        self,
        tools: Tools,
        room: ProfileState,
        records: Sequence[Record],
        broker_ms: Ints,
    ) -> None:
        self.plan, self.vector, self.reducer, self.room = (
            tools.plan,
            tools.vector,
            tools.reducer,
            room,
        )
        self.records, self.broker_ms = records, broker_ms
        self.refused: dict[int, Refusal] = {}
        self.summaries: Summaries | None = None
        self.events: list[tuple[int, VehicleEvent]] = []
        self.rows: list[tuple[Ints, Ints, npt.NDArray[np.int8], Floats]] = []

    def run(self, frame_list: list[int], event_list: list[int]) -> None:
        """Check, reduce and apply the records at these places."""
        candidates, frame_index = self._reduce(frame_list)
        event_index = self._sound_events(event_list)
        index = np.sort(np.concatenate([frame_index, event_index]))
        row = self._rows(index)
        if (row < 0).any():
            kept = self._kept(frame_index)
            candidates = candidates and _choose(candidates, kept)
            frame_index, event_index = frame_index[kept], event_index[self._kept(event_index)]
        frame_row = row[np.searchsorted(index, frame_index)]
        event_row = row[np.searchsorted(index, event_index)]
        frame_turn, event_turn = turns(frame_row, frame_index, event_row, event_index)
        batch = prepare(self.plan, candidates, slice(None)) if candidates is not None else None
        events = dict(by_turn(event_turn, np.zeros_like(event_row)))
        frames = dict(by_turn(frame_turn, frame_row))
        for turn in sorted(events.keys() | frames.keys()):
            for place in events.get(turn, ()):
                self._event(int(event_row[place]), int(event_index[place]))
            places = frames.get(turn, frame_row[:0])
            for start in range(0, places.size, CHUNK):
                part = places[start : start + CHUNK]
                if batch is not None:
                    self._frames(frame_row[part], frame_index[part], batch.take(part))
        self.events.sort(key=lambda pair: pair[0])
        if candidates is not None:
            self.summaries = self._applied(candidates, frame_index)

    def feature_rows(self) -> FeatureRows:
        """The due rows in the order of their records."""
        index = np.concatenate([row[0] for row in self.rows])
        order = np.argsort(index, kind="stable")
        records = [self.records[i] for i in index[order]]
        triggers = np.concatenate([row[2] for row in self.rows])[order]
        return FeatureRows(
            self.plan.profile.name,
            self.vector.names,
            [record.tenant for record in records],
            [record.vehicle_id for record in records],
            np.concatenate([row[1] for row in self.rows])[order],
            [TRIGGERS[trigger] for trigger in triggers],
            np.concatenate([row[3] for row in self.rows])[order],
        )

    def _refuse(self, refusals: Sequence[Refusal]) -> None:
        for refusal in refusals:
            self.refused.setdefault(refusal.index, refusal)

    def _reduce(self, indices: list[int]) -> tuple[Summaries | None, Ints]:
        """Summaries of the frames that make sense in themselves, and their places."""
        index = np.array(indices, np.int64)
        if not indices:
            return None, index
        frames: list[Frame] = [self.records[i] for i in indices]  # type: ignore[misc]
        stats, refused = self.reducer.reduce(frames)
        time_ms = checks.integers([frame.start_ms for frame in frames])
        numbers = checks.integers([frame.seq for frame in frames])
        self._refuse([*checks.refuse_times(index, time_ms, self.broker_ms[index])])
        self._refuse([*checks.refuse_sequences(index, numbers)])
        self._refuse([Refusal(indices[r.index], r.reason, r.detail) for r in refused])
        summaries = Summaries(
            self.plan.profile.name,
            [frame.tenant for frame in frames],
            [frame.vehicle_id for frame in frames],
            time_ms,
            numbers,
            stats,
        )
        kept = self._kept(index)
        return (summaries, index) if kept.all() else (_choose(summaries, kept), index[kept])

    def _sound_events(self, indices: list[int]) -> Ints:
        index = np.array(indices, np.int64)
        if not indices:
            return index
        events: list[VehicleEvent] = [self.records[i] for i in indices]  # type: ignore[misc]
        time_ms = checks.integers([event.time_ms for event in events])
        self._refuse([*checks.refuse_times(index, time_ms, self.broker_ms[index])])
        return index[self._kept(index)]

    def _rows(self, index: Ints) -> Ints:
        """The vehicles' rows, -1 for an impossible vehicle, which is refused. New rows are given
        out in the order of the records, so that the state is the same however they are batched.
        """
        known, found = self.room.rows, []
        for i in index.tolist():
            record = self.records[i]
            key = (record.tenant, record.vehicle_id)
            row = known.get(key, -1)
            if row < 0:
                refusal = checks.refuse_vehicle(i, *key)
                if refusal:
                    self.refused[i] = refusal
                else:
                    row = self.room.row(key)
            found.append(row)
        return np.array(found, np.int64)

    def _kept(self, index: Ints) -> Flags:
        if not self.refused:
            return np.ones(index.size, np.bool_)
        return np.array([i not in self.refused for i in index.tolist()], np.bool_)

    def _applied(self, candidates: Summaries, index: Ints) -> Summaries | None:
        kept = self._kept(index)
        if kept.all():
            return candidates if index.size else None
        return _choose(candidates, kept) if kept.any() else None

    def _event(self, row: int, index: int) -> None:
        event = self.records[index]
        if not isinstance(event, VehicleEvent):
            return
        if not sequence.accept_event(self.room.rings[row], sequence.event_hash(event)):
            detail = f"{event.kind} {event.code[:64]!r} at {event.time_ms} ms was applied already"
            self.refused[index] = Refusal(index, "duplicate", detail)
            return
        block = self.room.block(slice(row, row + 1))
        trigger = apply_event(self.plan, block, event)
        self.events.append((index, event))
        if trigger != NONE:
            due = np.array([trigger], np.int8)
            values = self.vector.values(block)
            self.rows.append((np.array([index]), block.scored.copy(), due, values))

    def _frames(self, rows: Ints, index: Ints, batch: Batch) -> None:
        windows = self.room.windows[rows]
        verdict = sequence.accept(windows, batch.seq)
        self.room.windows[rows] = windows
        if verdict.any():
            self._refuse_repeats(index, batch.seq, windows[:, 0], verdict)
            new = np.flatnonzero(verdict == sequence.NEW)
            rows, index, batch = rows[new], index[new], batch.take(new)
            if not new.size:
                return
        block = self.room.block(rows)
        trigger = apply_frames(self.plan, block, batch)
        self.room.put(rows, block)
        due = np.flatnonzero(trigger)
        if due.size:
            part = block if due.size == len(block) else block.take(due)
            values = self.vector.values(part)
            self.rows.append((index[due], block.scored[due], trigger[due], values))

    def _refuse_repeats(self, index: Ints, number: Ints, top: Ints, verdict: Ints) -> None:
        for place in np.flatnonzero(verdict).tolist():
            found, newest = int(number[place]), int(top[place])
            if verdict[place] == sequence.DUPLICATE:
                reason, detail = "duplicate", f"sequence number {found} was applied already"
            else:
                reason = "stale_sequence"
                detail = f"sequence number {found} is 256 or more behind the newest, {newest}"
            i = int(index[place])
            self.refused[i] = Refusal(i, reason, detail)  # type: ignore[arg-type]


def _choose(summaries: Summaries, kept: Flags) -> Summaries:
    places = np.flatnonzero(kept).tolist()
    return Summaries(
        summaries.profile,
        [summaries.tenant[i] for i in places],
        [summaries.vehicle_id[i] for i in places],
        summaries.time_ms[kept],
        summaries.seq[kept],
        summaries.stats[kept],
    )
