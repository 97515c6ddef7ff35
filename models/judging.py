"""What two models say of the same later history, held against what then happened."""

import numpy as np

from contracts.batches import Floats, Ints
from contracts.ports import History
from features.profile import Profile
from models.bundle import ALERT_DAYS, Bundle
from models.compare import Judged
from models.metrics import known_within
from models.recording import month_bins
from models.table import Progress, Scope, Table, no_progress, tabulate


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
        came = known_within(tables[0].label(mode)[own], month_bins(profile))
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
