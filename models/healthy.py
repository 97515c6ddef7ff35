"""What a healthy fleet's signals are: the expectation, fitted on a part of history."""

from typing import Final

import numpy as np

from contracts.batches import Floats, Summaries
from contracts.ports import History
from features.expectation import Expectation, fit_expectation
from features.profile import Profile
from models.folds import fold_of
from models.labels import REPAIR_LIMIT_MS, Course, courses, no_course
from models.life_left import cap_ms
from models.table import SPAN_MS, Progress, Scope

DAY_MS: Final = 86_400_000
VEHICLES: Final = 64
FRAMES: Final = 60_000
BEFORE_MS: Final = 60 * DAY_MS
"""Frames this long before the end of a part are not sure to be healthy; where the profile caps
remaining life, its cap says so.
"""


def healthy_expectation(
    history: History, profile: Profile, scope: Scope, progress: Progress
) -> Expectation:
    """Fitted on frames of some vehicles, chosen by the hash of their id, without those before or
    during a failure or before a replacement. A history without enough of them gives the neutral
    expectation.
    """
    vehicles = sorted(scope.chosen(history, profile.name), key=lambda v: fold_of(v, 1 << 60, 0))
    some = sorted(vehicles[:VEHICLES])
    since, until = history.span(scope.tenant, profile.name)
    until = min(until, scope.until_ms)
    events = history.events(scope.tenant, profile.name, some, 0, until)
    lives = courses(profile, events)
    spans = range(since, until, SPAN_MS)
    parts = []
    for place, begin in enumerate(spans):
        end = min(begin + SPAN_MS, until)
        read = history.summaries(scope.tenant, profile.name, some, begin, end)
        parts.append(_healthy_means(profile, read, lives, FRAMES // len(spans)))
        progress("expectation", (place + 1) / len(spans))
    means = [part for part in parts if len(part)]
    return (
        fit_expectation(profile, np.concatenate(means)) if means else Expectation.neutral(profile)
    )


def _healthy_means(
    profile: Profile, summaries: Summaries, lives: dict[str, Course], most: int
) -> Floats:
    if not len(summaries):
        return np.empty((0, len(profile.signals)), np.float32)
    keep = np.ones(len(summaries), np.bool_)
    ids = np.array(summaries.vehicle_id)
    nothing = no_course(profile)
    before = cap_ms(profile) or BEFORE_MS
    for vehicle in dict.fromkeys(summaries.vehicle_id):
        own = np.flatnonzero(ids == vehicle)
        times = summaries.time_ms[own]
        for mode in lives.get(vehicle, nothing).modes.values():
            for end in np.concatenate([mode.failed, mode.ended]).tolist():
                keep[own] &= (times < end - before) | (times > end + REPAIR_LIMIT_MS)
    rows = np.flatnonzero(keep)
    step = max(1, len(rows) // max(1, most))
    return summaries.stats[rows[::step], :, 1]
