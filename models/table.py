"""The training table: feature rows as of their time, replayed through the worker's own engine.

History is read by groups of vehicles and by spans of time, so memory depends on neither.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from contracts.batches import Flags, Floats, Ints, Summaries
from contracts.errors import DataError
from contracts.ports import History
from contracts.records import VehicleEvent
from features.expectation import Expectation
from features.profile import Profile
from features.replay import replay
from features.state import PartitionState
from features.vector import feature_names
from models.labels import Course, courses, encode, is_broken, no_course
from models.spool import Spool

DAY_MS: Final = 86_400_000
GROUP: Final = 256
"""Vehicles that are replayed side by side."""
SPAN_MS: Final = 30 * DAY_MS
"""History of a group that is in memory at a time."""
Progress = Callable[[str, float], None]
"""Told a step's name and how much of it is done (0 to 1)."""


def no_progress(step: str, share: float) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Scope:
    """Which history: rows from `since_ms`, nothing at or after `until_ms` is known.

    Rows of a vehicle are at least `gap_ms` apart. Summaries before `since_ms` still make the
    features. `vehicles` restricts to some.
    """

    tenant: str
    since_ms: int
    until_ms: int
    gap_ms: int = DAY_MS
    vehicles: Sequence[str] | None = None

    def chosen(self, history: History, profile: str) -> list[str]:
        """The vehicles of this scope, in order."""
        found = history.vehicles(self.tenant, profile)
        wanted = set(found) if self.vehicles is None else set(self.vehicles)
        return [vehicle for vehicle in found if vehicle in wanted]


@dataclass(frozen=True, eq=False)
class Table:
    """`vehicle` [rows] place in `vehicles`; `time_ms` [rows]; `labels` [modes x rows] see
    labels.py. Rows stand by vehicle, then time; the features of row i stand in the spool at
    `place` [rows]. `courses` by vehicle place.
    """

    profile: Profile
    names: tuple[str, ...]
    vehicles: tuple[str, ...]
    spool: Spool
    place: Ints
    vehicle: Ints
    time_ms: Ints
    labels: Floats
    courses: tuple[Course, ...]
    scope: Scope
    summaries: int

    def __len__(self) -> int:
        return len(self.time_ms)

    def chunks(self) -> Iterator[tuple[Ints, Floats]]:
        """All rows, some at a time, in the order of the spool: rows [n], values [n x features]."""
        row_at = np.full(len(self.spool), -1, np.int64)
        row_at[self.place] = np.arange(len(self))
        for start, values in self.spool.chunks():
            rows = row_at[start : start + len(values)]
            kept = rows >= 0
            yield rows[kept], values[kept]

    def values(self, rows: Ints | None = None) -> Floats:
        """Features [n x features] of these rows, or of all, in memory."""
        return self.spool.take(self.place if rows is None else self.place[rows])

    def label(self, mode: str) -> Floats:
        """Labels [rows] of a mode."""
        place = [one.name for one in self.profile.modes].index(mode)
        return np.asarray(self.labels[place])

    def failures(self, mode: str) -> int:
        """Failures of a mode that any row could have announced."""
        scope = self.scope
        return sum(
            int((course.modes[mode].failed > scope.since_ms).sum()) for course in self.courses
        )

    def exposure_days(self) -> float:
        """Vehicle days that the rows cover."""
        days = 0.0
        for place in range(len(self.vehicles)):
            times = self.time_ms[self.vehicle == place]
            days += float(times[-1] - times[0]) / DAY_MS if len(times) else 0.0
        return days


def tabulate(
    history: History,
    profile: Profile,
    expectation: Expectation,
    scope: Scope,
    progress: Progress = no_progress,
) -> Table:
    """Replay the scope's history. Raises DataError when there is none."""
    vehicles = scope.chosen(history, profile.name)
    if not vehicles:
        raise DataError(
            f"there is no history of profile {profile.name} in tenant {scope.tenant}; stream some "
            "first, or write a simulated one with `telltale simulate`"
        )
    names = feature_names(profile)
    spool, index = Spool(len(names)), _Index()
    lives: dict[str, Course] = {}
    count = 0
    for start in range(0, len(vehicles), GROUP):
        group = vehicles[start : start + GROUP]
        told = _share(progress, start / len(vehicles), len(group) / len(vehicles))
        reader = _Reader(history, profile, scope, group)
        lives |= courses(profile, reader.events)
        for ids, times, values in _replayed(reader, expectation, told):
            spool.append(values)
            index.add(ids, times)
        count += reader.summaries
    return _assemble(profile, scope, vehicles, spool, index, lives, count)


@dataclass
class _Index:
    """Vehicles and times of the spool's rows, in its order."""

    vehicles: list[str] = field(default_factory=list)
    times: list[Ints] = field(default_factory=list)

    def add(self, vehicles: Sequence[str], times: Ints) -> None:
        self.vehicles += vehicles
        self.times.append(times)


class _Reader:
    """Reads one group's history, a span of time after the other."""

    def __init__(
        self, history: History, profile: Profile, scope: Scope, group: Sequence[str]
    ) -> None:
        self.history, self.profile, self.scope, self.group = history, profile, scope, group
        self.events = history.events(scope.tenant, profile.name, group, 0, scope.until_ms)
        self.summaries = 0

    def spans(self) -> Iterator[tuple[Summaries, list[VehicleEvent], float]]:
        """Summaries and events of each span, and how much of the whole is then read."""
        first, last = self._bounds()
        for begin in range(first, last, SPAN_MS):
            end = min(begin + SPAN_MS, last)
            found = self.history.summaries(
                self.scope.tenant, self.profile.name, self.group, begin, end
            )
            self.summaries += len(found)
            events = [event for event in self.events if begin <= event.time_ms < end]
            yield found, events, (end - first) / max(1, last - first)

    def _bounds(self) -> tuple[int, int]:
        """Where history begins and ends."""
        since, until = self.history.span(self.scope.tenant, self.profile.name)
        times = [event.time_ms for event in self.events]
        first = min([since, *times]) if until else min(times, default=0)
        return first, min(self.scope.until_ms, max([until, *(time + 1 for time in times)]))


def _replayed(
    reader: _Reader, expectation: Expectation, told: Callable[[float], None]
) -> Iterator[tuple[list[str], Ints, Floats]]:
    """Vehicles, times and values of the group's rows."""
    scope, state = reader.scope, PartitionState()
    last: dict[str, int] = {}
    for summaries, events, share in reader.spans():
        rows = replay(reader.profile, expectation, summaries, events, state, scope.gap_ms)
        for part in rows:
            keep = _thinned(part.vehicle_id, part.time_ms, last, scope)
            if keep.any():
                ids = [part.vehicle_id[i] for i in np.flatnonzero(keep).tolist()]
                yield ids, part.time_ms[keep], part.values[keep]
        told(share)


def _thinned(vehicles: Sequence[str], time_ms: Ints, last: dict[str, int], scope: Scope) -> Flags:
    """Which rows to keep: replay thins within a span of history, this across spans."""
    keep = np.zeros(len(time_ms), np.bool_)
    for index, (vehicle, time) in enumerate(zip(vehicles, time_ms.tolist(), strict=True)):
        if time >= scope.since_ms and time - last.get(vehicle, -scope.gap_ms) >= scope.gap_ms:
            keep[index] = True
            last[vehicle] = time
    return keep


def _assemble(
    profile: Profile,
    scope: Scope,
    vehicles: Sequence[str],
    spool: Spool,
    index: _Index,
    lives: dict[str, Course],
    summaries: int,
) -> Table:
    seat = {vehicle: place for place, vehicle in enumerate(vehicles)}
    nothing = lives.get("", no_course(profile))
    own = tuple(lives.get(vehicle, nothing) for vehicle in vehicles)
    vehicle = np.array([seat[one] for one in index.vehicles], np.int64)
    time_ms = np.concatenate([np.empty(0, np.int64), *index.times])
    order = np.lexsort((time_ms, vehicle))
    order = order[in_use(vehicle[order], time_ms[order], own)]
    vehicle, time_ms = vehicle[order], time_ms[order]
    return Table(
        profile,
        feature_names(profile),
        tuple(vehicles),
        spool,
        order,
        vehicle,
        time_ms,
        label_rows(profile, own, vehicle, time_ms, scope.until_ms),
        own,
        scope,
        summaries,
    )


def in_use(vehicle: Ints, time_ms: Ints, lives: Sequence[Course]) -> Flags:
    """Which rows [n], by vehicle, are of one that doesn't stand broken: those that do say nothing
    about what will fail.
    """
    keep = np.ones(len(vehicle), np.bool_)
    for rows, course in _by_vehicle(vehicle, lives):
        keep[rows] = ~is_broken(course, time_ms[rows])
    return keep


def label_rows(
    profile: Profile, lives: Sequence[Course], vehicle: Ints, time_ms: Ints, until_ms: int
) -> Floats:
    """Labels [modes x rows] by what is known at `until_ms`. Rows stand by vehicle."""
    ends = np.array(profile.hazard_bins_ms, np.int64)
    labels = np.zeros((len(profile.modes), len(vehicle)), np.float32)
    for rows, course in _by_vehicle(vehicle, lives):
        for index, mode in enumerate(profile.modes):
            labels[index, rows] = encode(course.modes[mode.name], time_ms[rows], ends, until_ms)
    return labels


def _by_vehicle(vehicle: Ints, lives: Sequence[Course]) -> Iterator[tuple[slice, Course]]:
    bounds = np.searchsorted(vehicle, np.arange(len(lives) + 1)).tolist()
    for place, course in enumerate(lives):
        if bounds[place] < bounds[place + 1]:
            yield slice(bounds[place], bounds[place + 1]), course


def _share(progress: Progress, start: float, width: float) -> Callable[[float], None]:
    return lambda share: progress("features", start + width * share)
