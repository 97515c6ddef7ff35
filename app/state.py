"""Rebuilds the workers' state from stored history, as snapshots that the workers start from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import structlog

from app.flow.image import read_image, write_image
from app.flow.partition import Engines, Partition
from app.settings import Settings
from app.worker import GROUP
from contracts.errors import DataError
from contracts.topics import TELEMETRY
from features.expectation import Expectation
from features.profile import Profile
from features.replay import rebuild as rebuild_state
from infra.kafka import partition_count, partition_of
from infra.log_reader import LogReader
from infra.offsets import committed_offsets, group_members
from infra.snapshots import FolderSnapshots
from infra.store import ClickHouseStore

CHUNK: Final = 64
"""Vehicles whose history is read at a time."""
_EVER: Final = (0, 1 << 62)

_log = structlog.get_logger(__name__)


class Rebuilt(msgspec.Struct, frozen=True):
    """What was rebuilt: vehicles and summaries, and the next offset of each partition."""

    vehicles: int
    summaries: int
    events: int
    next_offsets: dict[int, int]


@dataclass
class _Count:
    vehicles: int = 0
    summaries: int = 0
    events: int = 0


def rebuild(
    settings: Settings,
    profiles: Mapping[str, Profile],
    expectations: Mapping[str, Expectation],
    only: str = "",
) -> Rebuilt:
    """Write a snapshot of every partition from the store's history.

    `expectations` by profile (a champion's); other profiles get the neutral one. `only` names one
    profile; the state of the others is kept as it is in the newest snapshot.

    The snapshot stands where the log goes on: at the newest snapshot's offset, else at the group's
    commit, else (or where these are beyond its end) at the log's start. Records after it that are
    stored already are refused as duplicates when they come. Raises DataError while a worker runs,
    UnavailableError.
    """
    kafka = settings.broker()
    members = group_members(kafka, GROUP)
    if members:
        raise DataError(
            f"{members} worker(s) of group {kafka.group(GROUP)} are running and would write over "
            "the rebuilt state; stop them first"
        )
    if only and only not in profiles:
        raise DataError(f"no profile {only!r}; there are {', '.join(sorted(profiles))}")
    count = partition_count(kafka, TELEMETRY)
    snapshots = FolderSnapshots(settings.snapshots_url)
    engines = Engines(profiles)
    chosen = {only: profiles[only]} if only else dict(profiles)
    parts = _Places(settings, snapshots, engines).partitions(count, expectations, chosen)
    done = _fill(ClickHouseStore(settings.store()), chosen, parts)
    for partition in parts:
        snapshots.replace(partition.number, partition.cursor.next, write_image(partition))
    nexts = {partition.number: partition.cursor.next for partition in parts}
    return Rebuilt(done.vehicles, done.summaries, done.events, nexts)


class _Places:
    """Where each partition's rebuilt state has to stand."""

    def __init__(self, settings: Settings, snapshots: FolderSnapshots, engines: Engines) -> None:
        kafka = settings.broker()
        self._log = LogReader(kafka, kafka.topic(TELEMETRY))
        self._committed = committed_offsets(kafka, GROUP, TELEMETRY)
        self._snapshots, self._engines = snapshots, engines

    def partitions(
        self,
        count: int,
        expectations: Mapping[str, Expectation],
        chosen: Mapping[str, Profile],
    ) -> list[Partition]:
        """Partitions without a state of the chosen profiles."""
        try:
            return [self._partition(number, expectations, chosen) for number in range(count)]
        finally:
            self._log.close()

    def _partition(
        self, number: int, expectations: Mapping[str, Expectation], chosen: Mapping[str, Profile]
    ) -> Partition:
        newest = next(iter(self._snapshots.load(number)), None)
        end = self._log.end(number)
        if newest is None or newest[0] > end:
            start, committed = self._log.start(number), self._committed.get(number, 0)
            # An offset beyond the end is of another log: all of this one is still to come.
            place = max(start, committed) if committed <= end else start
            fresh = Partition(number, place, self._engines)
        elif len(chosen) == len(self._engines.profiles):
            # Not read: it may be of another engine version, which is why one rebuilds.
            fresh = Partition(number, newest[0], self._engines)
        else:
            fresh = read_image(newest[1], number, self._engines)
        for name in chosen:
            fresh.state.profiles.pop(name, None)
        offered = {name: expectations.get(name, self._engines.neutral[name]) for name in chosen}
        fresh.adopt(offered)
        return fresh


def _fill(
    store: ClickHouseStore, profiles: Mapping[str, Profile], parts: Sequence[Partition]
) -> _Count:
    done = _Count()
    for tenant, name in store.fleets():
        if name not in profiles:
            _log.warning("history of an unknown profile is left out", profile=name, tenant=tenant)
            continue
        by_partition: dict[int, list[str]] = {}
        for vehicle in store.vehicles(tenant, name):
            by_partition.setdefault(partition_of(vehicle, len(parts)), []).append(vehicle)
        for number, vehicles in sorted(by_partition.items()):
            for start in range(0, len(vehicles), CHUNK):
                some = vehicles[start : start + CHUNK]
                _add(store, tenant, profiles[name], some, parts[number], done)
        _log.info("state rebuilt", tenant=tenant, profile=name)
    return done


def _add(
    store: ClickHouseStore,
    tenant: str,
    profile: Profile,
    vehicles: Sequence[str],
    partition: Partition,
    done: _Count,
) -> None:
    summaries = store.summaries(tenant, profile.name, vehicles, *_EVER)
    events = store.events(tenant, profile.name, vehicles, *_EVER)
    expectation = partition.expectations[profile.name]
    rebuild_state(profile, expectation, summaries, events, partition.state)
    done.vehicles += len(vehicles)
    done.summaries += len(summaries)
    done.events += len(events)
