"""How good a stretch of alerts was, held against the failures that really happened.

The same card serves the platform's alerts and the rules it is compared with, so none of them is
judged by a kinder measure.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Failure:
    """A part that broke. `predictable` is False for shocks that no signal announces."""

    vehicle_id: str
    mode: str
    time_ms: int
    predictable: bool


@dataclass(frozen=True)
class Raised:
    """An alert that a person was shown, at the time it was first shown."""

    vehicle_id: str
    mode: str
    time_ms: int


@dataclass(frozen=True)
class Stretch:
    """The span that is judged, in event time, and what was watched in it.

    Failures count from `since_ms + warm_up_days`: an alert for an earlier one could not have come
    with the lead asked for. An alert is true when its vehicle's mode fails within `horizon_days`,
    or a service finds it defective by then and renews it.
    """

    since_ms: int
    until_ms: int
    vehicles: int
    hours: float
    warm_up_days: float = 7.0
    horizon_days: float = 60.0
    lead_days: float = 3.0


@dataclass(frozen=True)
class Scorecard:
    """Counts and rates of one stretch; `hours` of use, `caught_3d` among predictable failures."""

    alerts: int
    failures: int
    predictable_failures: int
    caught_3d: int
    caught_3d_share: float
    median_lead_days: float
    false_alarms: int
    false_alarms_per_100_vehicles_week: float
    false_alarms_per_1000_h: float
    precision: float


def score(
    raised: Iterable[Raised],
    failures: Sequence[Failure],
    stretch: Stretch,
    found: Iterable[tuple[str, str, int]] = (),
) -> Scorecard:
    """The card of `raised` over `stretch`. `found` are (vehicle, mode, time) of defects that a
    service found before they broke: an alert of one was true, but it isn't a failure to be caught.
    Both must reach `horizon_days` past the end, or late alerts would be called false too early.
    """
    shown = sorted(
        (r for r in raised if stretch.since_ms <= r.time_ms < stretch.until_ms),
        key=lambda r: r.time_ms,
    )
    times = _by_part([*((f.vehicle_id, f.mode, f.time_ms) for f in failures), *found])
    horizon = stretch.horizon_days * DAY_MS
    false_alarms = sum(
        not any(0 < t - r.time_ms <= horizon for t in times[r.vehicle_id, r.mode]) for r in shown
    )
    counted = [
        f
        for f in failures
        if stretch.since_ms + stretch.warm_up_days * DAY_MS <= f.time_ms < stretch.until_ms
    ]
    alerts = _by_part((r.vehicle_id, r.mode, r.time_ms) for r in shown)
    leads = {f: _lead_days(f, alerts[f.vehicle_id, f.mode], horizon) for f in counted}
    predictable = [f for f in counted if f.predictable]
    caught = sum(leads[f] >= stretch.lead_days for f in predictable)
    weeks = (stretch.until_ms - stretch.since_ms) / (7 * DAY_MS)
    return Scorecard(
        alerts=len(shown),
        failures=len(counted),
        predictable_failures=len(predictable),
        caught_3d=caught,
        caught_3d_share=_ratio(caught, len(predictable)),
        median_lead_days=median([lead for lead in leads.values() if lead > 0] or [0.0]),
        false_alarms=false_alarms,
        false_alarms_per_100_vehicles_week=_ratio(100 * false_alarms, stretch.vehicles * weeks),
        false_alarms_per_1000_h=_ratio(1_000 * false_alarms, stretch.hours),
        precision=_ratio(len(shown) - false_alarms, len(shown)),
    )


def _by_part(rows: Iterable[tuple[str, str, int]]) -> defaultdict[tuple[str, str], list[int]]:
    found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for vehicle_id, mode, time_ms in rows:
        found[vehicle_id, mode].append(time_ms)
    return found


def _lead_days(failure: Failure, alerts: list[int], horizon: float) -> float:
    """Days from the first alert within the horizon to the failure; 0 when there was none."""
    before = [failure.time_ms - t for t in alerts if 0 < failure.time_ms - t <= horizon]
    return max(before, default=0) / DAY_MS


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
