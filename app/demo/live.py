"""The live stretch: records sent at an accelerated clock, and the wait until all is worked off."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from contracts.ports import RecordSink
from contracts.records import Frame, Record, VehicleEvent

_CHUNK: Final = 64
"""Records that are sent together."""
_QUIET_S: Final = 2.0
"""Lag has to be gone for so long: what the worker publishes is the alerter's to work off."""
_POLL_S: Final = 0.5


@dataclass(frozen=True)
class Clock:
    """Event time from `since_ms` to `until_ms` spread evenly over `seconds` of the wall's clock.

    `seconds` 0 holds nothing back.
    """

    since_ms: int
    until_ms: int
    seconds: float
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def wait(self, began: float, event_ms: int) -> None:
        """Return once this moment of event time is due."""
        share = (event_ms - self.since_ms) / max(1, self.until_ms - self.since_ms)
        left = began + share * self.seconds - self.now()
        if left > 0:
            self.sleep(left)


@dataclass
class Sent:
    """What was sent so far, and up to which event time."""

    frames: int = 0
    events: list[VehicleEvent] = field(default_factory=list)
    reached_ms: int = 0


def send(
    records: Iterable[Record],
    sink: RecordSink,
    clock: Clock,
    sent: Sent,
    look: Callable[[], None],
) -> None:
    """Send records, in order of arrival, each when it is due; `look` is called now and then.

    `sent` is kept up to date, so that it says how far an interrupted stream came. Raises
    UnavailableError.
    """
    began = clock.now()
    for chunk in _chunks(iter(records)):
        # A late frame is older than what came before it; the clock never goes back.
        newest = max(_time_ms(record) for record in chunk)
        clock.wait(began, max(sent.reached_ms, newest))
        sink.send(chunk)
        events = [record for record in chunk if isinstance(record, VehicleEvent)]
        sent.events += events
        sent.frames += len(chunk) - len(events)
        sent.reached_ms = max(sent.reached_ms, newest)
        look()
    sink.flush()


def drain(lags: Callable[[], Mapping[str, int]], limit_s: float) -> bool:
    """Wait until no consumer is behind; whether that was reached within the limit."""
    end = time.monotonic() + limit_s
    quiet_since: float | None = None
    while time.monotonic() < end:
        if any(lags().values()):
            quiet_since = None
        elif quiet_since is None:
            quiet_since = time.monotonic()
        elif time.monotonic() - quiet_since >= _QUIET_S:
            return True
        time.sleep(_POLL_S)
    return False


def _chunks(records: Iterator[Record]) -> Iterator[list[Record]]:
    while chunk := list(islice(records, _CHUNK)):
        yield chunk


def _time_ms(record: Record) -> int:
    return record.start_ms if isinstance(record, Frame) else record.time_ms
