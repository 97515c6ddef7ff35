"""When a message may go out: quiet hours and digests, by a target's own clock."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_DIGEST = re.compile(r"(?:(Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?([01]\d|2[0-3]):([0-5]\d)")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Quiet(msgspec.Struct, frozen=True):
    """From `begin` to `end` nothing but what is critical goes out; over midnight where it ends
    before it begins.
    """

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> "Quiet":
        """`22:00-06:00`. Raises ValueError."""
        match = _SPAN.fullmatch(text)
        if not match:
            raise ValueError(f"{text!r} is no span of a day; write it like 22:00-06:00")
        hours = [int(part) for part in match.groups()]
        return cls(time(hours[0], hours[1]), time(hours[2], hours[3]))

    def ends_ms(self, now_ms: int, zone: ZoneInfo) -> int:
        """When the quiet that holds now is over; `now_ms` itself when none holds."""
        now = datetime.fromtimestamp(now_ms / 1_000, zone)
        if not self._holds(now.time()):
            return now_ms
        return _next(now_ms, zone, self.end, lambda _: True)

    def _holds(self, now: time) -> bool:
        if self.begin <= self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end


class Digest(msgspec.Struct, frozen=True):
    """Everything at once, every day at `at` or on one weekday (0 = Monday)."""

    at: time
    weekday: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """`07:00` or `Mon 07:00`. Raises ValueError."""
        match = _DIGEST.fullmatch(text)
        if not match:
            raise ValueError(f"{text!r} is no time of a digest; write 07:00 or Mon 07:00")
        weekday = _WEEKDAYS.index(match[1]) if match[1] else None
        return cls(time(int(match[2]), int(match[3])), weekday)

    def next_ms(self, now_ms: int, zone: ZoneInfo) -> int:
        """When the next one goes out, later than now."""
        return _next(now_ms, zone, self.at, lambda day: self.weekday in {None, day.weekday()})


def _next(now_ms: int, zone: ZoneInfo, at: time, fits: Callable[[date], bool]) -> int:
    """The next moment later than now at which the zone's clocks show `at`, on a day that fits."""
    today = datetime.fromtimestamp(now_ms / 1_000, zone).date()
    for ahead in range(9):
        day = today + timedelta(days=ahead)
        moment_ms = round(datetime.combine(day, at, zone).timestamp() * 1_000)
        if moment_ms > now_ms and fits(day):
            return moment_ms
    raise AssertionError
