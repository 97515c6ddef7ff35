"""Alerts of one vehicle become one work order: parts, first checks, and the best day for it.

The day follows from three things: until when waiting is bearable by the risk, when the workshop has
time, and when the vehicle is used least.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import log1p
from typing import Final

from contracts.alerts import Alert
from contracts.risk import HORIZONS_DAYS, ModeRisk
from contracts.workorders import Job
from features.profile import Profile

BEARABLE: Final = 0.05
"""The chance of a breakdown before the visit that is bearable."""
REPAIR_MINUTES: Final = 90
"""What a repair is planned to take beside its checks, a part."""
FARTHEST_DAYS: Final = 90


@dataclass(frozen=True)
class Day:
    """A day on which the workshop is open: minutes that are free, and the share of the vehicle's
    use that falls on such a day of the week.
    """

    day: date
    free_minutes: int
    use: float


@dataclass(frozen=True)
class Visit:
    """The day proposed, and how it was chosen. `late`: risk asks for an earlier one."""

    day: date
    why: str
    late: bool


def jobs_of(profile: Profile, alerts: Iterable[Alert]) -> list[Job]:
    """A job a failure mode, the dearest first."""
    found: dict[str, Job] = {}
    for alert in sorted(alerts, key=lambda one: (-one.waiting.expected, one.mode)):
        if alert.condition != "risk" or alert.mode in found:
            continue
        mode = profile.mode(alert.mode)
        checks = [(check.text, check.minutes) for check in mode.checks]
        found[alert.mode] = Job(mode.name, mode.label, mode.part, alert.alert_id, checks)
    return list(found.values())


def minutes_of(jobs: Iterable[Job]) -> int:
    """How long the visit takes: all checks, and a repair a part."""
    return sum(REPAIR_MINUTES + sum(minutes for _, minutes in job.checks) for job in jobs)


def bearable_days(risks: Iterable[ModeRisk]) -> float:
    """Days until the chance that any of the parts has failed reaches `BEARABLE`, at most 90.

    The hazard counts as constant between the horizons, and parts as independent.
    """
    known = [(one.risk_7, one.risk_30, one.risk_90) for one in risks]
    totals = [sum(-log1p(-min(risk[at], 0.999999)) for risk in known) for at in range(3)]
    wanted = -log1p(-BEARABLE)
    before_day, before = 0.0, 0.0
    for day, total in zip(HORIZONS_DAYS, totals, strict=True):
        if total >= wanted:
            share = (wanted - before) / max(total - before, 1e-12)
            return before_day + share * (day - before_day)
        before_day, before = float(day), total
    return float(FARTHEST_DAYS)


def choose_day(days: Sequence[Day], minutes: int, due: date) -> Visit | None:
    """The day with the least use among those with room up to `due`; without any the first with
    room. None where no day has room. A visit longer than a day needs a day that is all free.
    """
    most = max((one.free_minutes for one in days), default=0)
    needed = min(minutes, most)
    room = [one for one in days if needed and one.free_minutes >= needed]
    if not room:
        return None
    in_time = [one for one in room if one.day <= due]
    if not in_time:
        first = min(room, key=lambda one: one.day)
        return Visit(first.day, f"the first day with room; risk asks for {due:%-d %B}", late=True)
    best = min(in_time, key=lambda one: (round(one.use, 2), one.day))
    why = f"in time for the risk (bearable until {due:%-d %B}), the workshop has room"
    if best.use < max(one.use for one in in_time):
        why = f"{why}, and the vehicle is used little on a {best.day:%A}"
    return Visit(best.day, why, late=False)


def use_by_weekday(frames: Mapping[int, int]) -> dict[int, float]:
    """Share of use by ISO weekday (1 = Monday) from counts of frames; even where none is known."""
    total = sum(frames.values())
    if not total:
        return dict.fromkeys(range(1, 8), 1 / 7)
    return {weekday: frames.get(weekday, 0) / total for weekday in range(1, 8)}
