"""Reads, packs, sends, commits: one span of each partition after the other."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol, TypeVar

import structlog

from app.flow.ration import Spent, share
from app.gateway.plan import Note, Plan, done_note, first_number, read_note, write_note
from app.gateway.span import Limits, Source, Span
from contracts.dead_letters import DeadLetter, Withheld
from contracts.errors import UnavailableError
from contracts.records import Frame
from infra.metrics import WorkerMetrics

Place = tuple[str, int]
T = TypeVar("T")
GROUP: Final = "telltale-gateway"
_POLL_S: Final = 0.2
_MOST: Final = 20_000
"""Messages of one poll: about as many as are decoded in a tenth of a second."""
_SLICE: Final = 4_096
_FIRST_S: Final = 0.2
_LONGEST_S: Final = 10.0
_log = structlog.get_logger(__name__)


class Log(Protocol):
    """The log of others (infra/sample_log.py)."""

    steady: asyncio.Lock

    async def poll(self, wait_s: float, most: int) -> Mapping[Place, Sequence[Any]]:
        """Messages that came."""
        ...

    async def notes(self) -> Mapping[Place, tuple[int, str]]:
        """What was committed last."""
        ...

    async def commit(self, offsets: Mapping[Place, tuple[int, str]]) -> bool:
        """Commit; False where the group has moved on."""
        ...


class Out(Protocol):
    """Where frames and dead letters go; each call is done once the broker has all."""

    async def frames(self, frames: Sequence[Frame]) -> None:
        """Send. Raises UnavailableError."""
        ...

    async def letters(self, letters: Sequence[DeadLetter], accounts: Sequence[Withheld]) -> None:
        """Send letters, and tell what was withheld. Raises UnavailableError."""
        ...


@dataclass
class Gateway:
    """See the module. It takes nothing new while something is on its way, so that a slow broker
    slows the reading and memory stays bounded.
    """

    log: Log
    out: Out
    sources: Mapping[str, Source]
    metrics: WorkerMetrics
    limits: Limits = field(default_factory=Limits)
    wall_ms: Callable[[], int] = field(default=lambda: time.time_ns() // 1_000_000)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _spans: dict[Place, Span] = field(default_factory=dict)
    _homes: dict[tuple[str, str], int] = field(default_factory=dict)

    async def run(self, once_idle_s: float = 0.0) -> None:
        """Until told to stop, or until nothing came for `once_idle_s` (0: never)."""
        last = time.monotonic()
        while not self.stopping.is_set():
            found = await self._patiently("read", lambda: self.log.poll(_POLL_S, _MOST))
            now_s = time.monotonic()
            last = now_s if found else last
            idle = bool(once_idle_s) and now_s - last > once_idle_s
            async with self.log.steady:
                await self._take(found, now_s)
                await self._send_due(None if idle else now_s)
            if idle:
                return
        async with self.log.steady:
            await self._send_due(None)

    def lose(self, places: Collection[Place]) -> None:
        """Another member has these now; what waits of them, it reads again."""
        for place in places:
            self._spans.pop(place, None)

    async def _take(self, found: Mapping[Place, Sequence[Any]], now_s: float) -> None:
        if any(place not in self._spans for place in found):
            notes = await self._patiently("ask for the commits", self.log.notes)
            for place in found:
                if place not in self._spans:
                    note = read_note(notes.get(place, (0, ""))[1])
                    self._spans[place] = Span(self.sources[place[0]], note)
        for place, messages in found.items():
            self._spans[place].add(messages, now_s)
            self.metrics.messages.inc(len(messages))

    async def _send_due(self, now_s: float | None) -> None:
        """Send what is due; at the end (None) all that has come."""
        due = {
            place: span
            for place, span in self._spans.items()
            if span.is_due(float("inf") if now_s is None else now_s, self.limits)
        }
        if not due:
            return
        bases = {
            place: span.note.plan.base
            if span.note.plan
            else first_number(span.note, self.wall_ms())
            for place, span in due.items()
        }
        packed = {place: span.frames(bases[place]) for place, span in due.items()}
        plans = {
            place: (
                span.start,
                write_note(Note(span.note.next, Plan(span.end, bases[place]), span.note.spent)),
            )
            for place, span in due.items()
            if not span.note.plan
        }
        if plans and not await self._patiently("commit", lambda: self.log.commit(plans)):
            self.lose(plans)
            return
        await self._deliver(due, {place: frames for place, (frames, _) in packed.items()})
        spent = await self._refuse(due, bases)
        notes = {place: done_note(packed[place][1], spent[place]) for place in due}
        done = {place: (span.end, write_note(notes[place])) for place, span in due.items()}
        if not await self._patiently("commit", lambda: self.log.commit(done)):
            self.lose(done)
            return
        for place, span in due.items():
            self._spans[place] = Span(span.source, notes[place])
            self._spans[place].add(span.rest, time.monotonic())

    async def _deliver(
        self, due: Mapping[Place, Span], frames: Mapping[Place, Sequence[Frame]]
    ) -> None:
        for place, part in frames.items():
            self._note_homes(place, due[place])
            for at in range(0, len(part), _SLICE):
                some = part[at : at + _SLICE]
                await self._patiently("send", partial(self.out.frames, some))
            self.metrics.frames.inc(len(part))

    async def _refuse(
        self, due: Mapping[Place, Span], bases: Mapping[Place, int]
    ) -> dict[Place, Spent]:
        """Send the letters that may go, by the time of the plan; what is spent now."""
        letters: list[DeadLetter] = []
        accounts: list[Withheld] = []
        spent: dict[Place, Spent] = {}
        for place, span in due.items():
            some, held, spent[place] = share(span.letters, span.note.spent, bases[place])
            letters += some
            accounts += held
            self.metrics.withheld.inc(len(span.letters) - len(some))
        if letters or accounts:
            await self._patiently("send", lambda: self.out.letters(letters, accounts))
        for letter in letters:
            self.metrics.refused.labels(letter.reason).inc()
        return spent

    def _note_homes(self, place: Place, span: Span) -> None:
        """Two partitions with one vehicle would count its frames twice over from the same clock."""
        topic, partition = place
        if len(self._homes) > 500_000:
            self._homes.clear()
        for vehicle in span.vehicles.names:
            home = self._homes.setdefault((topic, vehicle), partition)
            if home != partition:
                self._homes[topic, vehicle] = partition
                _log.error(
                    "a vehicle's messages come in two partitions; key them by the vehicle, or its "
                    "frames may be refused as duplicates",
                    topic=topic,
                    vehicle=vehicle,
                    partitions=(home, partition),
                )

    async def _patiently(self, what: str, work: Callable[[], Awaitable[T]]) -> T:
        """Repeat until the broker is back: frames and commits may be sent twice."""
        wait = _FIRST_S
        while True:
            try:
                return await work()
            except UnavailableError as error:
                self.metrics.outages.labels(what).inc()
                _log.error(f"can't {what}; trying again", reason=str(error))
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LONGEST_S)
