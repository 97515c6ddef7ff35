"""What happens to a vehicle's parts: failures, repairs, services, renewals, in order of time."""

import heapq
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from contracts.batches import Doubles, Flags, Ints
from ingest.simulator.parts import Part, first_part, new_part
from ingest.simulator.seeds import generator
from ingest.simulator.spec import DAY_MS, FleetSpec
from ingest.simulator.usage import Usage
from ingest.simulator.vehicle import Vehicle

Cause = Literal["wear", "shock", "service", "renewal", "none"]

FOUND_SHARE: Final = 0.6
"""Chance that a service finds a defect of severity 1; less for a young one."""
_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 3_600_000
_SERVICE_AFTER_MS: Final = 18 * _MINUTE_MS
_RANK: Final[dict[Cause, int]] = {"wear": 0, "shock": 0, "service": 1, "renewal": 1, "none": 2}


@dataclass(frozen=True, eq=False)
class Stay:
    """A part's stay in the vehicle: frames `first` to `end` (exclusive), how it ended and when,
    and when its successor was fitted (both 0 where it hasn't ended).
    """

    mode: int
    number: int
    part: Part
    first: int
    end: int
    cause: Cause
    ended_ms: int = 0
    replaced_ms: int = 0


@dataclass(frozen=True, eq=False)
class Book:
    """The workshop's book: stays of all parts, frames of services, frames that were driven."""

    stays: list[Stay]
    services: Ints
    driven: Flags


def exposures(vehicle: Vehicle, usage: Usage, start_ms: int) -> Doubles:
    """Exposure [modes x n] of every mode at every frame."""
    gaps = np.diff(usage.time_ms, prepend=start_ms) / DAY_MS
    daily = vehicle.kind.frames_per_day
    steps = [
        mode.calendar * gaps + (1 - mode.calendar) * mode.stress(usage) / daily
        for mode in vehicle.kind.modes
    ]
    return np.cumsum(np.array(steps, np.float64), axis=1)


def keep_book(spec: FleetSpec, vehicle: Vehicle, usage: Usage, exposure: Doubles) -> Book:
    """Play the vehicle's life through."""
    return _Workshop(spec, vehicle, usage, exposure).run()


class _Workshop:
    """Ends of stays wait in a queue by frame; each is played when its turn comes."""

    def __init__(self, spec: FleetSpec, vehicle: Vehicle, usage: Usage, exposure: Doubles) -> None:
        self.spec, self.vehicle, self.usage, self.exposure = spec, vehicle, usage, exposure
        self.rng = generator(spec.seed, vehicle.kind.name, vehicle.index, "workshop")
        self.driven = np.ones(len(usage), np.bool_)
        self.last_frames = np.flatnonzero(usage.last_of_day)
        self.services = self._plan_services()
        self.queue: list[tuple[int, int, int, Cause, Stay]] = []
        self.stays: list[Stay] = []
        self.standing_until = 0

    def run(self) -> Book:
        for mode, model in enumerate(self.vehicle.kind.modes):
            self._fit(mode, 0, 0, first_part(model, self._stream(mode, 0)))
        while self.queue:
            frame, _, _, cause, stay = heapq.heappop(self.queue)
            late = max(frame, self.standing_until)
            if late >= len(self.usage):
                self.stays.append(stay)
            elif late > frame:
                self._wait(late, cause, stay)
            else:
                self._end(frame, cause, stay)
        services = self.services[self.driven[self.services]]
        return Book(self.stays, services, self.driven)

    def _stream(self, mode: int, number: int) -> np.random.Generator:
        kind = self.vehicle.kind
        name = kind.modes[mode].name
        return generator(self.spec.seed, kind.name, self.vehicle.index, "part", name, number)

    def _plan_services(self) -> Ints:
        interval = self.vehicle.kind.service_days * self.rng.lognormal(0, 0.1)
        days = np.arange(self.rng.uniform(0, interval), self.spec.days, interval)
        wanted = self.spec.start_ms + (days * DAY_MS).astype(np.int64)
        rows = np.searchsorted(self.usage.time_ms[self.last_frames], wanted)
        return np.unique(self.last_frames[rows[rows < len(self.last_frames)]])

    def _fit(self, mode: int, number: int, first: int, part: Part) -> None:
        frame, cause = self._fate(mode, first, part)
        stay = Stay(mode, number, part, first, len(self.usage), "none")
        heapq.heappush(self.queue, (frame, _RANK[cause], mode, cause, stay))

    def _wait(self, frame: int, cause: Cause, stay: Stay) -> None:
        if _RANK[cause] == 1:
            frame = int(self.last_frames[np.searchsorted(self.last_frames, frame)])
        heapq.heappush(self.queue, (frame, _RANK[cause], stay.mode, cause, stay))

    def _fate(self, mode: int, first: int, part: Part) -> tuple[int, Cause]:
        """The frame at which this part's stay ends (n: never) and why."""
        exposure = self.exposure[mode]
        ends: list[tuple[int, Cause]] = [
            (len(exposure), "none"),
            (max(first, int(np.searchsorted(exposure, part.worn_out))), "wear"),
            (max(first, int(np.searchsorted(exposure, part.shock))), "shock"),
            (self._renewal(exposure, first, part), "renewal"),
            (self._found(exposure, first, part), "service"),
        ]
        return min(ends, key=lambda end: (end[0], _RANK[end[1]]))

    def _renewal(self, exposure: Doubles, first: int, part: Part) -> int:
        due = max(first, int(np.searchsorted(exposure, part.renewal)))
        row = int(np.searchsorted(self.last_frames, due))
        return int(self.last_frames[row]) if row < len(self.last_frames) else len(exposure)

    def _found(self, exposure: Doubles, first: int, part: Part) -> int:
        """The first service that finds the defect."""
        services = self.services[self.services >= first]
        chance = FOUND_SHARE * np.minimum(part.severity(exposure[services]), 1)
        found = services[self.rng.random(len(services)) < chance]
        return int(found[0]) if len(found) else len(exposure)

    def _end(self, frame: int, cause: Cause, stay: Stay) -> None:
        """End a stay at `frame`, fit the successor where the vehicle drives again."""
        start = int(self.usage.time_ms[frame])
        if _RANK[cause] == 1:
            ended = replaced = start + _SERVICE_AFTER_MS
            first = frame + 1
        else:
            ended = start + _MINUTE_MS + int(self.rng.uniform(0, 12 * _MINUTE_MS))
            hours = self.vehicle.kind.modes[stay.mode].repair_hours
            replaced = ended + int(hours * self.rng.lognormal(0, 0.5) * _HOUR_MS)
            first = int(np.searchsorted(self.usage.time_ms, replaced))
            self.driven[frame + 1 : first] = False
            self.standing_until = first
        self.stays.append(
            Stay(stay.mode, stay.number, stay.part, stay.first, frame + 1, cause, ended, replaced)
        )
        if first < len(self.usage):
            model, number = self.vehicle.kind.modes[stay.mode], stay.number + 1
            born = float(self.exposure[stay.mode, first - 1])
            part = new_part(model, self._stream(stay.mode, number), born)
            self._fit(stay.mode, number, first, part)
