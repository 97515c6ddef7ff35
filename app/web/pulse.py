"""How the platform's numbers went, from its readings."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from infra.pulse import Reading

SHOWN_MS: Final = 61 * 60_000
"""An hour, from whichever reading began it."""
_LEAST_MS: Final = 30_000
"""A rate over a shorter time says more about batches than about the stream."""


@dataclass(frozen=True)
class Course:
    """A number over the last `span_ms`, oldest first, the last one now."""

    values: Sequence[float]
    span_ms: int

    @property
    def is_known(self) -> bool:
        """Whether there is something to compare with."""
        return len(self.values) > 1


@dataclass(frozen=True)
class Courses:
    """`rates` in frames stored a second, `lags` in messages, `delays` in seconds since the event
    time of the newest score.
    """

    rates: Course
    lags: Course
    delays: Course


def courses(kept: Sequence[Reading], now: Reading) -> Courses:
    """The courses of the numbers, from readings in order of time and one taken now."""
    found = [*(one for one in kept if one.time_ms <= now.time_ms - _LEAST_MS), now]
    heard = [one for one in found if one.newest_ms]
    return Courses(
        # A merge of parts leaves fewer rows: that counts as 0.
        _course(
            [
                1_000 * max(0, after.frames - before.frames) / (after.time_ms - before.time_ms)
                for before, after in pairwise(found)
            ],
            found,
        ),
        _course([float(one.behind) for one in found], found),
        _course([max(0, one.time_ms - one.newest_ms) / 1_000 for one in heard], heard),
    )


def _course(values: Sequence[float], among: Sequence[Reading]) -> Course:
    return Course(values, among[-1].time_ms - among[0].time_ms if among else 0)
