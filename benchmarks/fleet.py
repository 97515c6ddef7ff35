"""A large fleet as worker and alerter would leave it in the store: who the vehicles are, a score a
day, alerts with their changes, and the frames and events of some vehicles.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from contracts.alerts import Alert, Reason, Severity, Transition, WaitingCost
from contracts.batches import RiskRows, Summaries
from contracts.records import VehicleEvent
from contracts.risk import ModeRisk
from features.profile import Profile
from infra.store import ClickHouseStore

DAY_MS = 86_400_000
TENANT = "default"
WITH_FRAMES = 200
"""Vehicles, the first ones, that also have frames: one an hour."""
ACTIVE, CLOSED = 3_000, 2_000
_DAYS = 30
_FRAME_DAYS = 60
_CHUNK = 2_000
_DEPOTS = 40
_SEVERITIES: tuple[Severity, ...] = ("watch", "soon", "critical")


@dataclass(frozen=True)
class Fleet:
    """`count` vehicles whose history ends at `now_ms`, that of the first `quiet` two hours
    earlier: what comes in later is newer.
    """

    profile: Profile
    count: int
    now_ms: int
    quiet: int = 0

    def names(self, numbers: range) -> list[str]:
        """Ids of these vehicles."""
        return [name_of(number) for number in numbers]


def name_of(number: int) -> str:
    return f"V{number:06d}"


def fill_store(store: ClickHouseStore, fleet: Fleet) -> list[Alert]:
    """Write all of it; the active alerts."""
    for first in range(0, fleet.count, _CHUNK):
        numbers = range(first, min(first + _CHUNK, fleet.count))
        store.write_events([_registration(fleet, number) for number in numbers])
        store.write_risk(_risk(fleet, numbers))
    for number in range(min(WITH_FRAMES, fleet.count)):
        store.write_summaries(_frames(fleet, number))
        store.write_events(list(_events(fleet, number)))
    active = [_alert(fleet, number) for number in range(min(ACTIVE, fleet.count))]
    closed = [_alert(fleet, number, days=90) for number in range(min(CLOSED, fleet.count))]
    for alerts in (active, closed):
        store.write_alerts(alerts, [change for one in alerts for change in _changes(one)])
    return active


def _registration(fleet: Fleet, number: int) -> VehicleEvent:
    detail = {
        "vin": f"WDB9066331{number:07d}",
        "model": f"Model {number % 7}",
        "depot": f"Depot {number % _DEPOTS:02d}",
    }
    plate = f"KX-{number:06d}"
    when = fleet.now_ms - 400 * DAY_MS
    name = fleet.profile.name
    return VehicleEvent(TENANT, name, name_of(number), when, "registration", plate, detail)


def _risk(fleet: Fleet, numbers: range) -> RiskRows:
    random = np.random.default_rng(numbers.start)
    modes = [mode.name for mode in fleet.profile.modes]
    count = len(numbers) * _DAYS
    r30 = np.abs(random.normal(0.02, 0.012, (count, len(modes))))
    risk = np.stack([r30 * 0.4, r30, 1 - (1 - r30) ** 2.2], axis=2).clip(0, 1)
    back = np.arange(_DAYS)[::-1] * DAY_MS + 60_000
    ends = [fleet.now_ms - (7_200_000 if number < fleet.quiet else 0) for number in numbers]
    return RiskRows(
        fleet.profile.name,
        "m1",
        modes,
        [TENANT] * count,
        np.repeat(fleet.names(numbers), _DAYS).tolist(),
        (np.array(ends)[:, None] - back[None, :]).ravel(),
        risk.astype(np.float32),
        None,
    )


def _frames(fleet: Fleet, number: int) -> Summaries:
    random = np.random.default_rng(number)
    signals = fleet.profile.signals
    count = _FRAME_DAYS * 24
    centre = np.array([one.centre for one in signals])
    scale = np.array([one.scale for one in signals])
    mean = centre + 0.3 * scale * random.normal(size=(count, len(signals)))
    stats = np.stack([np.full_like(mean, 30), mean, mean * 0.02, mean, mean, mean], axis=2)
    at = np.arange(count)
    return Summaries(
        fleet.profile.name,
        [TENANT] * count,
        [name_of(number)] * count,
        fleet.now_ms - 7_200_000 - (count - at) * 3_600_000,
        at,
        stats.astype(np.float32),
    )


def _events(fleet: Fleet, number: int) -> Iterator[VehicleEvent]:
    profile = fleet.profile
    mode = profile.modes[number % len(profile.modes)]
    told = [(300, "service", "oil"), (40, "failure", mode.name)]
    told += [(days, "fault_code", code) for code in mode.fault_codes[:1] for days in (3, 9, 30)]
    for days, kind, code in told:
        when = fleet.now_ms - days * DAY_MS
        yield VehicleEvent(TENANT, profile.name, name_of(number), when, kind, code, {})


def _alert(fleet: Fleet, number: int, days: int = 0) -> Alert:
    """The alert of a vehicle; one that was closed so many days ago where that isn't 0."""
    profile = fleet.profile
    mode = profile.modes[number % len(profile.modes)]
    risk = 0.15 + 0.8 * (number % 100) / 100
    state = "resolved" if days else "acknowledged" if number % 4 == 0 else "open"
    opened = fleet.now_ms - (days + number % 20 + 1) * DAY_MS
    reasons = [
        Reason("Runs above what load and weather explain", path, 98.0, 86.0, "degC", 1.9)
        for path in mode.signals[:2]
    ]
    return Alert(
        f"a-{number}-{days}",
        TENANT,
        profile.name,
        name_of(number),
        mode.name,
        "risk",
        state,
        _SEVERITIES[number % 3],
        opened,
        fleet.now_ms - days * DAY_MS,
        fleet.now_ms - days * DAY_MS if days else 0,
        ModeRisk(mode.name, risk * 0.4, risk, min(1.0, risk * 1.2)),
        None,
        "m1",
        reasons,
        mode.fault_codes[:1],
        [check.text for check in mode.checks],
        WaitingCost(risk * mode.costs.breakdown, mode.costs.planned_repair, profile.currency),
        outcome="confirmed_part" if days else "",
        version=2,
        raised_ms=opened,
    )


def _changes(alert: Alert) -> list[Transition]:
    who = (alert.alert_id, alert.tenant, alert.vehicle_id, alert.mode, alert.opened_ms, "alerter")
    return [
        Transition(*who, "none", "pending", "risk above the line", 1, "pending"),
        Transition(*who, "pending", "open", "it stayed there", 2, "opened"),
    ]
