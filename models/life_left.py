"""How much life was left at each row, in the profile's unit, where history knows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from contracts.batches import Floats, Ints
from contracts.errors import ProfileError
from features.profile import Profile
from models.labels import Course

_UNITS_MS: Final = {"hours": 3_600_000, "days": 86_400_000}


@dataclass(frozen=True, eq=False)
class RulRows:
    """Rows with a known end: `values` [n x features], `vehicle` [n] (a place in `vehicles`), and
    `life_left` [n] in the profile's `rul_unit`.
    """

    values: Floats
    vehicle: Ints
    vehicles: tuple[str, ...]
    life_left: Floats

    def __len__(self) -> int:
        return len(self.life_left)


def unit_ms(profile: Profile) -> int:
    """Length of a unit of life left; a cycle is a frame. Raises ProfileError."""
    known = {**_UNITS_MS, "cycles": profile.frame_period_ms}
    if profile.rul_unit not in known:
        raise ProfileError(
            f"profile {profile.name}: rul_unit is {profile.rul_unit!r}; it may be "
            f"{', '.join(sorted(known))}"
        )
    return known[profile.rul_unit]


def cap_ms(profile: Profile) -> int:
    """Event time that the profile's `rul_cap` stands for; 0 where it has none."""
    return round(profile.rul_cap * unit_ms(profile)) if profile.rul_cap else 0


def life_left(
    profile: Profile,
    courses: Sequence[Course],
    vehicle: Ints,
    time_ms: Ints,
    known_until_ms: int,
) -> Floats:
    """Units [n] from each row to its vehicle's next failure of any mode.

    The cap where no failure is known but that many units without one are; else NaN. A
    replacement before a failure ends what is known.
    """
    unit = unit_ms(profile)
    found = np.full(len(vehicle), np.nan, np.float32)
    bounds = np.searchsorted(vehicle, np.arange(len(courses) + 1)).tolist()
    for place, course in enumerate(courses):
        rows = slice(bounds[place], bounds[place + 1])
        times = time_ms[rows]
        failed = _next([mode.failed for mode in course.modes.values()], times, known_until_ms)
        ended = _next([mode.ended for mode in course.modes.values()], times, known_until_ms)
        left = (np.minimum(failed, ended) - times) / unit
        known = (failed < ended) | (left >= profile.rul_cap)
        found[rows] = np.where(known, left, np.nan)
    return found


def _next(times: Sequence[Ints], after: Ints, otherwise: int) -> Ints:
    """The first of all `times` at or after each of `after` [n], or `otherwise`."""
    merged = np.append(np.sort(np.concatenate([*times, np.empty(0, np.int64)])), otherwise)
    place = np.minimum(np.searchsorted(merged[:-1], after), len(merged) - 1)
    return np.asarray(np.minimum(merged[place], otherwise))
