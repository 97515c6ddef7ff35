"""A whole fleet, from one seed: its past as summaries, its present as frames, and the truth."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from contracts.batches import Doubles, Ints, Summaries
from contracts.errors import DataError
from contracts.records import Record, VehicleEvent
from ingest.simulator import oracle, stream
from ingest.simulator.electric import ELECTRIC
from ingest.simulator.kinds import Kind
from ingest.simulator.life import Life, live_through
from ingest.simulator.observe import observe
from ingest.simulator.petrol import PETROL
from ingest.simulator.spec import FleetSpec
from ingest.simulator.truck import TRUCK
from ingest.simulator.vehicle import make_vehicle

KINDS: Final = {kind.name: kind for kind in (PETROL, ELECTRIC, TRUCK)}
_GROUP: Final = 16
_LIVES_KEPT: Final = 64


@dataclass(frozen=True)
class Failure:
    """A failure as it truly was. `predictable`: it grew from a defect that began at `onset_ms`;
    a shock came without a sign (`onset_ms` 0). `threshold` is the severity at which wear breaks
    that very part, which nobody sees.
    """

    vehicle_id: str
    profile: str
    mode: str
    time_ms: int
    predictable: bool
    onset_ms: int
    threshold: float


@dataclass(frozen=True)
class Found:
    """A defect that a service found and renewed before it broke."""

    vehicle_id: str
    profile: str
    mode: str
    time_ms: int


class Fleet:
    """Vehicles of a spec. Lives are made when asked for, and made again rather than kept."""

    def __init__(self, spec: FleetSpec) -> None:
        """Raises DataError for a profile that can't be simulated or an empty span."""
        for profile in spec.vehicles:
            if profile not in KINDS:
                known = ", ".join(KINDS)
                raise DataError(f"the simulator knows no profile {profile!r}; it has {known}")
        if spec.days < 1 or any(count < 0 for count in spec.vehicles.values()):
            raise DataError("give at least one day and no negative number of vehicles")
        self.spec = spec
        self._seats = {
            f"V{number:04d}": (KINDS[profile], index, number)
            for number, (profile, index) in enumerate(
                ((p, i) for p, count in spec.vehicles.items() for i in range(count)), start=1
            )
        }
        self._life = lru_cache(_LIVES_KEPT)(self._make_life)

    @property
    def vehicle_ids(self) -> tuple[str, ...]:
        """All vehicles, by profile."""
        return tuple(self._seats)

    @property
    def groups(self) -> int:
        """How many groups `history` yields."""
        return sum(1 for _ in self._groups())

    def profile_of(self, vehicle_id: str) -> str:
        """The vehicle's profile."""
        return self._seats[vehicle_id][0].name

    def history(self, until_ms: int) -> Iterator[tuple[Summaries, list[VehicleEvent]]]:
        """Everything before `until_ms`, by groups of whole vehicles of one profile.

        Summaries stand by vehicle, then time; events too.
        """
        for kind, ids in self._groups():
            lives = [self._make_life(vehicle_id) for vehicle_id in ids]
            seen = [observe(self.spec, life, self.spec.start_ms, until_ms) for life in lives]
            events = [event for life in lives for event in life.events if event.time_ms < until_ms]
            yield stream.summaries(self.spec, kind.name, seen), events

    def live(self, since_ms: int, until_ms: int) -> Iterator[Record]:
        """Frames and events whose time is in [since, until), in order of arrival."""
        seen, events = [], []
        for vehicle_id in self._seats:
            life = self._make_life(vehicle_id)
            seen.append(observe(self.spec, life, since_ms, until_ms))
            events += [event for event in life.events if since_ms <= event.time_ms < until_ms]
        if seen:
            events.sort(key=lambda event: (event.time_ms, event.vehicle_id))
            yield from stream.records(self.spec, seen, events)

    def truth(self) -> list[Failure]:
        """All failures of the span, in order of time."""
        found = [
            failure
            for vehicle_id in self._seats
            for failure in self._failures(self._make_life(vehicle_id))
        ]
        return sorted(found, key=lambda failure: (failure.time_ms, failure.vehicle_id))

    def found(self) -> list[Found]:
        """All defects of the span that services found in time, in order of time."""
        found = [
            Found(
                vehicle_id,
                life.vehicle.kind.name,
                life.vehicle.kind.modes[stay.mode].name,
                stay.ended_ms,
            )
            for vehicle_id in self._seats
            for life in [self._make_life(vehicle_id)]
            for stay in life.book.stays
            if stay.cause == "service" and stay.ended_ms < self.spec.end_ms
        ]
        return sorted(found, key=lambda one: (one.time_ms, one.vehicle_id))

    def oracle_risk(
        self, vehicle_id: str, mode: str, time_ms: Ints, horizon_days: float
    ) -> Doubles:
        """Probability [n] of the mode's failure within the horizon after `time_ms` [n], given the
        hidden state; NaN while that part is broken.
        """
        life = self._life(vehicle_id)
        names = [model.name for model in life.vehicle.kind.modes]
        return oracle.risk(self.spec, life, names.index(mode), time_ms, horizon_days)

    def _groups(self) -> Iterator[tuple[Kind, list[str]]]:
        for profile in self.spec.vehicles:
            ids = [v for v, (kind, _, _) in self._seats.items() if kind.name == profile]
            for start in range(0, len(ids), _GROUP):
                yield KINDS[profile], ids[start : start + _GROUP]

    def _make_life(self, vehicle_id: str) -> Life:
        kind, index, number = self._seats[vehicle_id]
        return live_through(self.spec, make_vehicle(self.spec, kind, index, number))

    def _failures(self, life: Life) -> Iterator[Failure]:
        vehicle = life.vehicle
        for stay in life.book.stays:
            if stay.cause in {"wear", "shock"} and stay.ended_ms < self.spec.end_ms:
                worn = stay.cause == "wear"
                exposure = life.exposure[stay.mode]
                onset = int(np.interp(stay.part.onset, exposure, life.usage.time_ms))
                yield Failure(
                    vehicle.vehicle_id,
                    vehicle.kind.name,
                    vehicle.kind.modes[stay.mode].name,
                    stay.ended_ms,
                    worn,
                    onset if worn else 0,
                    stay.part.strength,
                )
