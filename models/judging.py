"""What two models say of the same later history, held against what then happened."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contracts.batches import Floats, Ints
from contracts.ports import History
from contracts.risk import ALERT_DAYS
from features.profile import Profile
from models.bundle import Bundle
from models.compare import Judged
from models.fared import bins_in_days
from models.labels import Course, courses, no_course
from models.outcome import came_within
from models.table import GROUP, Progress, Scope, Table, in_use, label_rows, no_progress, tabulate


@dataclass(frozen=True, eq=False)
class ScoredPair:
    """Rows that two models scored as they came: `vehicle_id` [n], in order, `time_ms` [n], and the
    30-day risk [n x modes] that either gave to its own `modes`.
    """

    vehicle_id: Sequence[str]
    time_ms: Ints
    modes: tuple[Sequence[str], Sequence[str]]
    risk: tuple[Floats, Floats]

    def __len__(self) -> int:
        return len(self.vehicle_id)


def judge(
    history: History,
    profile: Profile,
    pair: tuple[Bundle, Bundle],
    scope: Scope,
    progress: Progress = no_progress,
) -> list[Judged]:
    """Both models' 30-day risk of the scope's rows, by mode that both know, with the outcome of
    those whose outcome is known at the scope's end.

    The scope must begin where the training of both ended, or the one that has seen more wins.
    """
    first, second = pair
    tables = [tabulate(history, profile, first.expectation, scope, progress)]
    if second.expectation.id != first.expectation.id:
        tables.append(tabulate(history, profile, second.expectation, scope, progress))
    own, other = _shared(tables[0], tables[-1])
    risks = [_risk(first, tables[0])[own], _risk(second, tables[-1])[other]]
    judged = []
    for mode in first.modes:
        if mode not in second.modes:
            continue
        label, time_ms = tables[0].label(mode)[own], tables[0].time_ms[own]
        came = came_within(profile, label, bins_in_days(profile), time_ms, scope.until_ms)
        known = np.isfinite(came)
        judged.append(
            Judged(
                mode,
                tables[0].vehicle[own][known],
                came[known],
                risks[0][known, first.modes.index(mode)],
                risks[1][known, second.modes.index(mode)],
            )
        )
    return judged


def judge_scored(
    history: History, profile: Profile, scored: ScoredPair, tenant: str, until_ms: int
) -> list[Judged]:
    """As `judge`, of rows that both models scored live, with what is known at `until_ms`. Rows of a
    vehicle that stood broken are left out.
    """
    vehicles = list(dict.fromkeys(scored.vehicle_id))
    seat = {vehicle: place for place, vehicle in enumerate(vehicles)}
    vehicle = np.array([seat[one] for one in scored.vehicle_id], np.int64)
    lives: dict[str, Course] = {}
    for start in range(0, len(vehicles), GROUP):
        group = vehicles[start : start + GROUP]
        lives |= courses(profile, history.events(tenant, profile.name, group, 0, until_ms))
    own = [lives.get(one, no_course(profile)) for one in vehicles]
    labels = label_rows(profile, own, vehicle, scored.time_ms, until_ms)
    useful = in_use(vehicle, scored.time_ms, own)
    judged = []
    for place, mode in enumerate(profile.modes):
        if not all(mode.name in modes for modes in scored.modes):
            continue
        bins, label = bins_in_days(profile), labels[place]
        came = came_within(profile, label, bins, scored.time_ms, until_ms)
        rows = np.isfinite(came) & useful
        first, second = (
            risk[rows, list(modes).index(mode.name)]
            for modes, risk in zip(scored.modes, scored.risk, strict=True)
        )
        judged.append(
            Judged(mode.name, vehicle[rows], came[rows], first, second, scored.time_ms[rows])
        )
    return judged


def _risk(bundle: Bundle, table: Table) -> Floats:
    """30-day risk [rows x modes] of a table's rows."""
    found = np.zeros((len(table), len(bundle.modes)), np.float32)
    for rows, values in table.chunks():
        found[rows] = bundle.risk(np.ascontiguousarray(values), (ALERT_DAYS,))[:, :, 0]
    return found


def _shared(first: Table, second: Table) -> tuple[Ints, Ints]:
    """Places of the rows (vehicle, time) that both tables have: with another expectation other
    frames surprise, and are scored.
    """
    keys = [
        {
            key: row
            for row, key in enumerate(zip(t.vehicle.tolist(), t.time_ms.tolist(), strict=True))
        }
        for t in (first, second)
    ]
    both = [(row, keys[1][key]) for key, row in keys[0].items() if key in keys[1]]
    places = np.array(both, np.int64).reshape(-1, 2)
    return places[:, 0], places[:, 1]
