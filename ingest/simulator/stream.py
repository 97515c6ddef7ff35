"""One life, told twice: as summaries for the past, as frames for the present."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from contracts.batches import STATISTICS, Floats, Ints, Summaries
from contracts.codec import make_frame
from contracts.records import Frame, Record, VehicleEvent
from ingest.simulator.observe import Observed, patterns
from ingest.simulator.seeds import generator
from ingest.simulator.spec import DAY_MS, SAMPLE_MS, SAMPLES, FleetSpec

LATE_SHARE: Final = 0.004
"""Share of live frames that arrive late, by a minute to a day."""
_BLOCK: Final = 1_024
_LEAST_LATE_MS: Final = 60_000
_OFFSETS: Final = np.arange(SAMPLES, dtype=np.uint16) * SAMPLE_MS


def summaries(spec: FleetSpec, profile: str, group: Sequence[Observed]) -> Summaries:
    """Frames of several vehicles of one profile as summaries, by vehicle, then time."""
    ids = [seen.vehicle.vehicle_id for seen in group for _ in range(len(seen))]
    return Summaries(
        profile=profile,
        tenant=[spec.tenant] * len(ids),
        vehicle_id=ids,
        time_ms=np.concatenate([seen.time_ms for seen in group]),
        seq=np.concatenate([seen.seq for seen in group]),
        stats=np.concatenate([_statistics(seen) for seen in group]),
    )


def _statistics(seen: Observed) -> Floats:
    """[n x K x 6] in closed form: level + ripple * the pattern's own statistics."""
    signals, n = seen.level.shape
    stats = np.empty((n, signals, len(STATISTICS)), np.float32)
    own = _pattern_statistics()
    stats[:, :, 0] = np.where(np.isnan(seen.level), 0, SAMPLES).T
    for column in range(1, len(STATISTICS)):
        values = own[column][seen.pattern]
        values *= seen.ripple
        if STATISTICS[column] != "std":
            values += seen.level
        stats[:, :, column] = values.T
    return stats


def _pattern_statistics() -> tuple[Floats, ...]:
    rows = patterns()
    count = np.full(len(rows), SAMPLES, np.float32)
    return (
        count,
        rows.mean(axis=1),
        rows.std(axis=1),
        rows.min(axis=1),
        rows.max(axis=1),
        np.ascontiguousarray(rows[:, -1]),
    )


def records(
    spec: FleetSpec, group: Sequence[Observed], events: Sequence[VehicleEvent]
) -> Iterator[Record]:
    """Frames and events of all vehicles in order of arrival; a few frames arrive late."""
    time_ms = np.concatenate([seen.time_ms for seen in group])
    owner = np.repeat(np.arange(len(group)), [len(seen) for seen in group])
    row = np.concatenate([np.arange(len(seen)) for seen in group])
    arrival = time_ms + _lateness(spec, time_ms)
    order = np.argsort(arrival, kind="stable")
    waiting = iter([*events, None])
    event = next(waiting)
    for start in range(0, len(order), _BLOCK):
        block = order[start : start + _BLOCK]
        frames = _frames(spec, group, owner[block], row[block])
        for frame, moment in zip(frames, arrival[block], strict=True):
            while event is not None and event.time_ms < moment:
                yield event
                event = next(waiting)
            yield frame
    while event is not None:
        yield event
        event = next(waiting)


def _lateness(spec: FleetSpec, time_ms: Ints) -> Ints:
    """Delay [n] of each frame in ms, most 0. Depends on the frames of this stretch only."""
    rng = generator(spec.seed, "lateness", int(time_ms[0]) if len(time_ms) else 0)
    spread = np.log(DAY_MS / _LEAST_LATE_MS)
    delay = _LEAST_LATE_MS * np.exp(spread * rng.random(len(time_ms)))
    return np.where(rng.random(len(time_ms)) < LATE_SHARE, delay, 0).astype(np.int64)


def _frames(spec: FleetSpec, group: Sequence[Observed], owner: Ints, row: Ints) -> Iterator[Frame]:
    bank = patterns()
    kinds = {seen.vehicle.kind.name: seen.vehicle.kind for seen in group}
    ids = {
        name: np.array([signal.spec.id for signal in kind.signals], np.uint16)
        for name, kind in kinds.items()
    }
    for index, frame in zip(owner, row, strict=True):
        seen = group[index]
        kind = seen.vehicle.kind
        samples = bank[seen.pattern[:, frame]] * seen.ripple[:, frame, None]
        samples += seen.level[:, frame, None]
        yield make_frame(
            tenant=spec.tenant,
            profile=kind.name,
            vehicle_id=seen.vehicle.vehicle_id,
            seq=int(seen.seq[frame]),
            start_ms=int(seen.time_ms[frame]),
            signals=ids[kind.name].tolist(),
            offsets_ms=_OFFSETS,
            samples=samples.T,
        )
