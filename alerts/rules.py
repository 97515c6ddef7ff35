"""What most fleets use today, to be held against: the fault-code rule and the mileage rule."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from alerts.scorecard import DAY_MS, Raised
from contracts.records import VehicleEvent
from features.profile import Profile

REPEAT_DAYS = 60
"""A rule that has spoken of a part stays quiet about it for this long."""


def fault_code_rule(profile: Profile, events: Iterable[VehicleEvent]) -> list[Raised]:
    """An alert for every mode that a fault code points to, when the code arrives."""
    modes = defaultdict(list)
    for mode in profile.modes:
        for code in mode.fault_codes:
            modes[code].append(mode.name)
    hits = [
        Raised(event.vehicle_id, mode, event.time_ms)
        for event in events
        if event.kind == "fault_code"
        for mode in modes[event.code]
    ]
    return _without_repeats(hits)


def mileage_rule(
    profile: Profile, events: Sequence[VehicleEvent], intervals_ms: Mapping[str, int], until_ms: int
) -> list[Raised]:
    """An alert for a part once it has been in use for its mode's fixed interval.

    Time in service stands for mileage: vehicles of a fleet drive about the same a day.
    """
    raised: list[Raised] = []
    for mode in profile.modes:
        interval = intervals_ms.get(mode.name)
        if interval is None:
            continue
        for vehicle_id, starts in _fitted(events, mode.part).items():
            for start, end in zip(starts, [*starts[1:], until_ms], strict=True):
                if start + interval < end:
                    raised.append(Raised(vehicle_id, mode.name, start + interval))
    return sorted(raised, key=lambda r: r.time_ms)


def mileage_intervals(
    profile: Profile, events: Sequence[VehicleEvent], quantile: float = 0.2
) -> dict[str, int]:
    """Interval per mode: the age that `quantile` of its failed parts did not reach, from history.

    Modes with fewer than five failures get none.
    """
    intervals: dict[str, int] = {}
    for mode in profile.modes:
        fitted = _fitted(events, mode.part)
        lives = [
            event.time_ms - max(s for s in fitted[event.vehicle_id] if s < event.time_ms)
            for event in events
            if event.kind == "failure"
            and event.code == mode.name
            and any(s < event.time_ms for s in fitted[event.vehicle_id])
        ]
        if len(lives) >= 5:
            intervals[mode.name] = int(np.quantile(lives, quantile))
    return intervals


def _fitted(events: Iterable[VehicleEvent], part: str) -> defaultdict[str, list[int]]:
    """When each vehicle's part was fitted: at registration and at every replacement."""
    fitted: defaultdict[str, list[int]] = defaultdict(list)
    for event in events:
        if event.kind == "registration" or (event.kind == "replacement" and event.code == part):
            fitted[event.vehicle_id].append(event.time_ms)
    for starts in fitted.values():
        starts.sort()
    return fitted


def _without_repeats(hits: list[Raised]) -> list[Raised]:
    last: dict[tuple[str, str], int] = {}
    kept: list[Raised] = []
    for hit in sorted(hits, key=lambda r: r.time_ms):
        part = hit.vehicle_id, hit.mode
        if part not in last or hit.time_ms - last[part] > REPEAT_DAYS * DAY_MS:
            last[part] = hit.time_ms
            kept.append(hit)
    return kept
