"""What became of each feature row: when its mode failed, or how long it is known not to have.

Time after a row is cut into the profile's hazard bins. A label is one float per row, so that it
travels with any matrix of XGBoost's:

    -(k + 1)  the mode failed in bin k
    k + part  it didn't fail in the bins before k, nor in this part (0 to 1) of bin k
    0         nothing is known
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from contracts.batches import Flags, Floats, Ints
from contracts.records import VehicleEvent
from features.profile import Profile

REPAIR_LIMIT_MS = 7 * 86_400_000
"""A failure without a recorded replacement is over after this long."""
DEFECT_FOUND = "service"
"""`reason` of a replacement for a defect that a service found, not by plan."""
_NEVER = np.iinfo(np.int64).max // 4


@dataclass(frozen=True)
class ModeCourse:
    """What happened to one mode of one vehicle, times in Unix milliseconds, sorted.

    `failed`: failures, and findings that confirmed a defect before it broke; `ended`: replacements
    of a part that had not failed; `found`: those of them for a defect that a service found;
    `sound`: findings without a fault.
    """

    failed: Ints
    ended: Ints
    sound: Ints
    found: Ints = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(frozen=True)
class Course:
    """What happened to one vehicle: modes by name, and spans [k x 2] in which it was broken."""

    modes: Mapping[str, ModeCourse]
    broken: Ints


@dataclass
class _Notes:
    failed: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    sound: list[int] = field(default_factory=list)
    found: list[int] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    open_since: int | None = None
    """A failure that is not repaired yet."""

    def fail(self, time_ms: int) -> None:
        if self.open_since is None or time_ms > self.open_since + REPAIR_LIMIT_MS:
            self.close(time_ms)
            self.failed.append(time_ms)
            self.open_since = time_ms

    def replace(self, time_ms: int, reason: str) -> None:
        if self.open_since is None or time_ms > self.open_since + REPAIR_LIMIT_MS:
            self.ended.append(time_ms)
            if reason == DEFECT_FOUND:
                self.found.append(time_ms)
        self.close(time_ms)

    def close(self, time_ms: int) -> None:
        if self.open_since is not None:
            self.spans.append((self.open_since, min(time_ms, self.open_since + REPAIR_LIMIT_MS)))
        self.open_since = None


def courses(profile: Profile, events: Iterable[VehicleEvent]) -> dict[str, Course]:
    """The course of every vehicle that has events, by vehicle id."""
    by_vehicle: dict[str, list[VehicleEvent]] = defaultdict(list)
    for event in events:
        by_vehicle[event.vehicle_id].append(event)
    return {vehicle: _course(profile, own) for vehicle, own in by_vehicle.items()}


def no_course(profile: Profile) -> Course:
    """The course of a vehicle to which nothing happened."""
    return _course(profile, [])


def _course(profile: Profile, events: Sequence[VehicleEvent]) -> Course:
    notes = {mode.name: _Notes() for mode in profile.modes}
    fitted = defaultdict(list)
    for mode in profile.modes:
        fitted[mode.part].append(notes[mode.name])
    # A replacement at the minute of its failure comes after it.
    for event in sorted(events, key=lambda e: (e.time_ms, e.kind == "replacement")):
        if event.kind == "replacement":
            for note in fitted[event.code]:
                note.replace(event.time_ms, event.detail.get("reason", ""))
        elif event.code in notes:
            _note(notes[event.code], event)
    spans = []
    for note in notes.values():
        note.close(_NEVER)
        spans += note.spans
    modes = {
        name: ModeCourse(*map(_times, (note.failed, note.ended, note.sound, note.found)))
        for name, note in notes.items()
    }
    return Course(modes, np.array(sorted(spans), np.int64).reshape(-1, 2))


def _note(note: _Notes, event: VehicleEvent) -> None:
    outcome = event.detail.get("outcome", "")
    if event.kind == "failure" or (event.kind == "finding" and outcome == "confirmed_part"):
        note.fail(event.time_ms)
    elif event.kind == "finding" and outcome == "no_fault_found":
        note.sound.append(event.time_ms)


def _times(times: list[int]) -> Ints:
    return np.array(sorted(times), np.int64)


def is_broken(course: Course, time_ms: Ints) -> Flags:
    """Whether the vehicle stood broken at each time [n] (failure included, repair not)."""
    found = np.zeros(len(time_ms), np.bool_)
    for start, end in course.broken.tolist():
        found |= (time_ms >= start) & (time_ms < end)
    return found


def encode(course: ModeCourse, time_ms: Ints, ends_ms: Ints, known_until_ms: int) -> Floats:
    """Labels [n] of rows at `time_ms` [n]; `ends_ms` [bins] where each hazard bin ends.

    A bin counts only where all of it lies before `known_until_ms`, whatever happened in it: the
    purge rule, bin by bin. Otherwise failures near the end of the data would count, and rows that
    would have survived would not.
    """
    failure, ended = _next(course.failed, time_ms), _next(course.ended, time_ms)
    observed = np.searchsorted(ends_ms, known_until_ms - time_ms, side="right")
    after = np.minimum(failure, ended) - time_ms
    place = np.searchsorted(ends_ms, after, side="left")
    within = place < observed
    starts = np.concatenate([[0], ends_ms[:-1]])
    bin_of = np.minimum(place, len(ends_ms) - 1)
    part = (after - starts[bin_of]) / (ends_ms - starts)[bin_of]
    # Found sound in the very bin in which the part was then replaced: the bin was survived.
    found = _next(course.sound, time_ms + starts[bin_of])
    part = np.where(found <= ended, 1.0, part)
    survived = np.where(within, place + part, observed)
    return np.where(within & (failure <= ended), -(place + 1), survived).astype(np.float32)


def _next(times: Ints, after: Ints) -> Ints:
    """The first of `times` later than each of `after` [n]; far away where there is none."""
    return np.append(times, _NEVER)[np.searchsorted(times, after, side="right")]


def survived_bins(label: Floats, bins: int) -> tuple[Floats, Flags]:
    """`(weight, failed)` [n x bins]: how much of each bin a row was at risk, and whether the mode
    failed in it.
    """
    place = np.arange(bins)
    failed = label[:, None] == -(place + 1.0)
    bins_survived = np.where(label < 0, -label - 1, label)[:, None]
    weight = np.clip(bins_survived - place, 0, 1)
    return np.where(failed, 1.0, weight).astype(np.float32), failed
