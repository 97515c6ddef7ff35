"""What a line would have alerted, on risks of rows by models that had not seen their vehicle.

A short form of the alert pipeline (alerts/): an alert opens where risk reaches the line and can't
open again before risk has fallen below half of it or the part was replaced.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np

from contracts.batches import Flags, Floats, Ints
from models.labels import ModeCourse

DAY_MS: Final = 86_400_000
CLEAR_SHARE: Final = 0.5
HORIZON_DAYS: Final = 60
"""An alert is true when its mode fails, or a service finds it defective, within so many days."""
LEAD_DAYS: Final = 3
"""A failure is caught when its alert came at least so early."""


_NONE: Final = np.empty(0, np.float32)


class Tally(msgspec.Struct, frozen=True):
    """What a line came to over `weeks` of vehicles: alerts, false ones, failures, and failures
    that were caught in time.
    """

    line: float
    alerts: int
    false_alarms: int
    failures: int
    caught: int
    weeks: float

    @property
    def alert_rate(self) -> float:
        """Alerts a week per 100 vehicles."""
        return 100 * self.alerts / self.weeks if self.weeks else 0.0

    @property
    def false_rate(self) -> float:
        """False alarms a week per 100 vehicles."""
        return 100 * self.false_alarms / self.weeks if self.weeks else 0.0


@dataclass(frozen=True, eq=False)
class Series:
    """Risks [rows] of one mode, rows by vehicle, then time; `courses` by vehicle place.

    Only what happens before `until_ms` is known, so alerts count until `HORIZON_DAYS` before it.
    """

    vehicle: Ints
    time_ms: Ints
    courses: Sequence[ModeCourse]
    until_ms: int

    @property
    def weeks(self) -> float:
        """Weeks of vehicles in which alerts count."""
        days, last = 0.0, self.until_ms - HORIZON_DAYS * DAY_MS
        for own in self._own():
            times = self.time_ms[own]
            times = times[times <= last]
            days += float(times[-1] - times[0]) / DAY_MS if len(times) else 0.0
        return days / 7

    def openings(self, risk: Floats, line: float) -> Flags:
        """The rows [rows] at which an alert opens."""
        mark = np.where(risk >= line, 1, np.where(risk < CLEAR_SHARE * line, 0, -1))
        fresh = self._fresh()
        mark[fresh & (mark < 0)] = 0
        place = np.maximum.accumulate(np.where(mark >= 0, np.arange(len(mark)), 0))
        state = mark[place] if len(mark) else mark
        before = np.where(fresh, 0, np.append(0, state[:-1]))
        return np.asarray((state == 1) & (before == 0))

    def tally(self, risk: Floats, line: float) -> Tally:
        """What this line would have come to."""
        opened = np.flatnonzero(self.openings(risk, line))
        judged = self.until_ms - HORIZON_DAYS * DAY_MS
        alerts = wrong = failures = caught = 0
        by_vehicle = self._groups(opened)
        for place, course in enumerate(self.courses):
            times = self.time_ms[by_vehicle[place]]
            failed = course.failed
            within = failed[None] - times[:, None]
            proven = np.concatenate([failed, course.found])[None] - times[:, None]
            true = ((proven > 0) & (proven <= HORIZON_DAYS * DAY_MS)).any(1)
            counted = times <= judged
            alerts += int(counted.sum())
            wrong += int((counted & ~true).sum())
            early = (within >= LEAD_DAYS * DAY_MS) & (within <= HORIZON_DAYS * DAY_MS)
            failures += len(failed)
            caught += int(early.any(0).sum())
        return Tally(line, alerts, wrong, failures, caught, self.weeks)

    def leads(self, risk: Floats, line: float) -> Floats:
        """Days from the first alert to the failure, of every failure that one announced."""
        opened = np.flatnonzero(self.openings(risk, line))
        by_vehicle = self._groups(opened)
        found = []
        for place, course in enumerate(self.courses):
            ahead = course.failed[None] - self.time_ms[by_vehicle[place]][:, None]
            ahead[(ahead <= 0) | (ahead > HORIZON_DAYS * DAY_MS)] = 0
            longest = ahead.max(axis=0, initial=0)
            found.append(longest[longest > 0] / DAY_MS)
        return np.sort(np.concatenate(found)).astype(np.float32) if found else _NONE

    def _fresh(self) -> Flags:
        """Rows before which nothing can be open: a vehicle's first, and the first of a new part."""
        found = np.ones(len(self.vehicle), np.bool_)
        found[1:] = self.vehicle[1:] != self.vehicle[:-1]
        for own, course in zip(self._own(), self.courses, strict=True):
            times = self.time_ms[own]
            changes = np.concatenate([course.failed, course.ended])
            first = np.searchsorted(times, changes, side="right")
            found[own.start + first[first < len(times)]] = True
        return found

    def _own(self) -> list[slice]:
        bounds = np.searchsorted(self.vehicle, np.arange(len(self.courses) + 1)).tolist()
        return [slice(a, b) for a, b in pairwise(bounds)]

    def _groups(self, rows: Ints) -> list[Ints]:
        bounds = np.searchsorted(self.vehicle[rows], np.arange(len(self.courses) + 1)).tolist()
        return [rows[a:b] for a, b in pairwise(bounds)]
