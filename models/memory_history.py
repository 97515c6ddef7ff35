"""A History in memory (contracts/ports.py), for notebooks, evaluations on files and tests."""

from collections.abc import Iterable, Sequence

import numpy as np

from contracts.batches import Summaries
from contracts.records import VehicleEvent


class MemoryHistory:
    """One profile's summaries and events. Takes chunks in any order; keeps them by vehicle."""

    def __init__(
        self, profile: str, chunks: Iterable[tuple[Summaries, Sequence[VehicleEvent]]]
    ) -> None:
        self.profile = profile
        self._summaries: dict[tuple[str, str], Summaries] = {}
        self._events: dict[tuple[str, str], list[VehicleEvent]] = {}
        for summaries, events in chunks:
            self._add(summaries)
            for event in events:
                self._events.setdefault((event.tenant, event.vehicle_id), []).append(event)
        for own in self._events.values():
            own.sort(key=lambda event: (event.time_ms, event.kind, event.code))

    def vehicles(self, tenant: str, profile: str) -> list[str]:
        """Ids of all vehicles, in order."""
        if profile != self.profile:
            return []
        keys = {*self._summaries, *self._events}
        return sorted(vehicle for name, vehicle in keys if name == tenant)

    def span(self, tenant: str, profile: str) -> tuple[int, int]:
        """Since and until of all summaries; (0, 0) where there are none."""
        own = [
            part.time_ms
            for (name, _), part in self._summaries.items()
            if name == tenant and profile == self.profile
        ]
        return (min(int(t[0]) for t in own), max(int(t[-1]) for t in own) + 1) if own else (0, 0)

    def summaries(
        self, tenant: str, profile: str, vehicles: Sequence[str], since: int, until: int
    ) -> Summaries:
        """Summaries of these vehicles, ordered by vehicle, time, sequence number."""
        parts = []
        for vehicle in sorted(vehicles):
            own = self._summaries.get((tenant, vehicle))
            if own is not None and profile == self.profile:
                begin, end = np.searchsorted(own.time_ms, (since, until)).tolist()
                parts.append(_cut(own, begin, end))
        return _joined(profile, parts)

    def events(
        self, tenant: str, profile: str, vehicles: Sequence[str], since: int, until: int
    ) -> list[VehicleEvent]:
        """Events of these vehicles, ordered by vehicle, then time."""
        if profile != self.profile:
            return []
        return [
            event
            for vehicle in sorted(vehicles)
            for event in self._events.get((tenant, vehicle), ())
            if since <= event.time_ms < until
        ]

    def _add(self, chunk: Summaries) -> None:
        keys = list(zip(chunk.tenant, chunk.vehicle_id, strict=True))
        places: dict[tuple[str, str], list[int]] = {}
        for index, key in enumerate(keys):
            places.setdefault(key, []).append(index)
        for key, found in places.items():
            parts = [_rows(chunk, key, np.array(found))]
            if key in self._summaries:
                parts.insert(0, self._summaries[key])
            whole = _joined(self.profile, parts)
            order = np.lexsort((whole.seq, whole.time_ms))
            self._summaries[key] = _rows(whole, key, order)


def _rows(part: Summaries, key: tuple[str, str], rows: "np.typing.NDArray[np.intp]") -> Summaries:
    tenant, vehicle = key
    count = len(rows)
    return Summaries(
        part.profile,
        [tenant] * count,
        [vehicle] * count,
        part.time_ms[rows],
        part.seq[rows],
        part.stats[rows],
    )


def _cut(part: Summaries, begin: int, end: int) -> Summaries:
    cut = slice(begin, end)
    return Summaries(
        part.profile,
        part.tenant[cut],
        part.vehicle_id[cut],
        part.time_ms[cut],
        part.seq[cut],
        part.stats[cut],
    )


def _joined(profile: str, parts: Sequence[Summaries]) -> Summaries:
    if not parts:
        nothing = np.empty(0, np.int64)
        return Summaries(profile, [], [], nothing, nothing, np.empty((0, 0, 6), np.float32))
    return Summaries(
        profile,
        [tenant for part in parts for tenant in part.tenant],
        [vehicle for part in parts for vehicle in part.vehicle_id],
        np.concatenate([part.time_ms for part in parts]),
        np.concatenate([part.seq for part in parts]),
        np.concatenate([part.stats for part in parts]),
    )
