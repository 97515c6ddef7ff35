"""The alert log that a stretch of history would have made: scores and what happened, by time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from alerts.pipeline import Message
from alerts.timers import EVERY_MS
from app.backtest.use import hours_of_use
from app.flow.score import Scorer
from contracts.alert_log import TOLD, Happened, Tick
from contracts.batches import FeatureRows, Floats, Ints, RiskRows, Summaries
from contracts.ports import History
from contracts.records import VehicleEvent
from contracts.risk import ModeRisk, RiskUpdate, Rul
from features.expectation import Expectation
from features.profile import Profile
from features.replay import replay
from features.state import PartitionState
from models.table import GROUP, SPAN_MS, Progress, no_progress

_CHUNK: Final = 4_096


@dataclass(frozen=True)
class Stretch:
    """What is replayed: scores and events from `since_ms`, before `until_ms`. What came before
    still makes the features.
    """

    tenant: str
    since_ms: int
    until_ms: int


@dataclass
class Scored:
    """Risk of every row that was due [rows x modes x 3], in order of time, then vehicle; events
    that matter to alerts, in order of time; `frames` of the stretch with the `hours` of use that
    they stand for, and all `vehicles`.
    """

    profile: str
    model: str
    modes: tuple[str, ...]
    tenant: str
    vehicles: tuple[str, ...]
    vehicle: Ints
    time_ms: Ints
    risk: Floats
    rul: Floats | None
    events: list[VehicleEvent]
    frames: int
    hours: float


@dataclass
class _Rows:
    """Rows as they are scored, vehicles mixed; frames and hours of the stretch."""

    vehicle: list[str] = field(default_factory=list)
    time_ms: list[Ints] = field(default_factory=list)
    risk: list[Floats] = field(default_factory=list)
    rul: list[Floats] = field(default_factory=list)
    modes: tuple[str, ...] = ()
    frames: int = 0
    hours: float = 0.0

    def count(self, summaries: Summaries, since_ms: int, period_ms: int) -> None:
        """Add the frames from `since_ms` on."""
        kept = np.flatnonzero(summaries.time_ms >= since_ms)
        whose = [summaries.vehicle_id[place] for place in kept.tolist()]
        self.frames += len(whose)
        self.hours += hours_of_use(whose, summaries.time_ms[kept], period_ms)

    def add(self, found: RiskRows) -> None:
        self.vehicle += found.vehicle_id
        self.time_ms.append(found.time_ms)
        self.risk.append(found.risk)
        self.modes = tuple(found.modes)
        if found.rul is not None:
            self.rul.append(found.rul)


def score_history(
    history: History,
    profile: Profile,
    model: tuple[Scorer, Expectation],
    stretch: Stretch,
    progress: Progress = no_progress,
) -> Scored:
    """Every row that the worker would have scored, by the same code, a group of vehicles and a
    month at a time.
    """
    vehicles = history.vehicles(stretch.tenant, profile.name)
    rows = _Rows()
    events: list[VehicleEvent] = []
    for start in range(0, len(vehicles), GROUP):
        group = vehicles[start : start + GROUP]
        events += _score_group(history, profile, model, stretch, group, rows)
        progress("replay", (start + len(group)) / len(vehicles))
    events.sort(key=lambda event: (event.time_ms, event.vehicle_id, event.kind, event.code))
    return _sorted(profile, model[0].id, stretch.tenant, tuple(vehicles), rows, events)


def _score_group(
    history: History,
    profile: Profile,
    model: tuple[Scorer, Expectation],
    stretch: Stretch,
    group: Sequence[str],
    rows: _Rows,
) -> list[VehicleEvent]:
    """Add the group's rows and what it sent in the stretch; its events."""
    scorer, expectation = model
    tenant, name, until = stretch.tenant, profile.name, stretch.until_ms
    events = history.events(tenant, name, group, 0, until)
    first = min([history.span(tenant, name)[0], *(event.time_ms for event in events)])
    state = PartitionState()
    for begin in range(first, until, SPAN_MS):
        end = min(begin + SPAN_MS, until)
        summaries = history.summaries(tenant, name, group, begin, end)
        rows.count(summaries, max(begin, stretch.since_ms), profile.frame_period_ms)
        own = [event for event in events if begin <= event.time_ms < end]
        for part in replay(profile, expectation, summaries, own, state):
            kept = part.time_ms >= stretch.since_ms
            if kept.any():
                rows.add(scorer.score(part if kept.all() else _choose(part, np.flatnonzero(kept))))
    return [e for e in events if e.kind in TOLD and e.time_ms >= stretch.since_ms]


def _choose(rows: FeatureRows, places: Ints) -> FeatureRows:
    chosen = places.tolist()
    return FeatureRows(
        rows.profile,
        rows.names,
        [rows.tenant[i] for i in chosen],
        [rows.vehicle_id[i] for i in chosen],
        rows.time_ms[places],
        [rows.trigger[i] for i in chosen],
        rows.values[places],
    )


def _sorted(
    profile: Profile,
    model: str,
    tenant: str,
    vehicles: tuple[str, ...],
    rows: _Rows,
    events: list[VehicleEvent],
) -> Scored:
    seat = {vehicle: place for place, vehicle in enumerate(vehicles)}
    vehicle = np.array([seat[one] for one in rows.vehicle], np.int64)
    time_ms = np.concatenate([np.empty(0, np.int64), *rows.time_ms])
    risk = np.concatenate([np.empty((0, len(rows.modes), 3), np.float32), *rows.risk])
    order = np.lexsort((vehicle, time_ms))
    rul = np.concatenate(rows.rul)[order] if rows.rul else None
    return Scored(
        profile.name,
        model,
        rows.modes,
        tenant,
        vehicles,
        vehicle[order],
        time_ms[order],
        risk[order],
        rul,
        events,
        rows.frames,
        rows.hours,
    )


def messages(scored: Scored) -> Iterator[tuple[Message, int]]:
    """The log in one order, each message with its time: events before scores of the same moment
    (as they are published), and ticks as the alerter's clock sends them.
    """
    waiting = iter([*scored.events, None])
    event = next(waiting)
    tick = 0
    for start in range(0, len(scored.time_ms), _CHUNK):
        for update in _updates(_part(scored, slice(start, start + _CHUNK))):
            while event is not None and event.time_ms <= update.time_ms:
                yield Happened([event]), event.time_ms
                event = next(waiting)
            yield [update], update.time_ms
            if update.time_ms >= tick:
                yield Tick(scored.tenant, update.time_ms), update.time_ms
                tick = update.time_ms + EVERY_MS
    while event is not None:
        yield Happened([event]), event.time_ms
        event = next(waiting)


def _part(scored: Scored, rows: slice) -> RiskRows:
    vehicles = [scored.vehicles[place] for place in scored.vehicle[rows].tolist()]
    return RiskRows(
        scored.profile,
        scored.model,
        scored.modes,
        [scored.tenant] * len(vehicles),
        vehicles,
        scored.time_ms[rows],
        scored.risk[rows],
        None if scored.rul is None else scored.rul[rows],
    )


def _updates(rows: RiskRows) -> Iterator[RiskUpdate]:
    """The rows one by one."""
    times, risks = rows.time_ms.tolist(), rows.risk.tolist()
    ruls = None if rows.rul is None else rows.rul.tolist()
    for index, (tenant, vehicle) in enumerate(zip(rows.tenant, rows.vehicle_id, strict=True)):
        modes = [ModeRisk(mode, *risk) for mode, risk in zip(rows.modes, risks[index], strict=True)]
        rul = None if ruls is None else Rul(*ruls[index])
        yield RiskUpdate(tenant, rows.profile, vehicle, times[index], rows.model, modes, rul)
