"""The worker: Faust brings messages, a thread of its own runs the pipeline, timers do the rest.

The alerter is the same with another pipeline on another topic.
"""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import structlog

from app.champion import POLL_S
from app.flow.keeper import Keeper
from app.flow.message import Incoming
from app.flow.persist import Stopping
from app.inbox import Inbox
from app.settings import WorkerSettings
from app.watchdog import STOP_S, Watchdog
from contracts.errors import TelltaleError
from contracts.topics import WORKER_GROUP
from infra.faust_app import commit, highwater, is_behind
from infra.metrics import WorkerMetrics

GROUP: Final = WORKER_GROUP
_TAKEN: Final = 256
"""Messages that are taken from Faust at a time."""
_LOOK_S: Final = 1.0
_CHORE_S: Final = 1.0
_WATCH_S: Final = 0.25
_DELIVERY: Final = "delivery of messages by Kafka's consumer"
_LOOP: Final = "the event loop"
_HANDOVER_S: Final = 5.0
"""So long a rebalance waits at most for the state of what goes elsewhere to be saved."""
STEP: Final = "a batch"
"""The watchdog's name for what the pipeline's thread does."""

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")


class WorkerError(TelltaleError):
    """The worker can't go on; the message says why."""


@dataclass(frozen=True)
class Pace:
    """How many messages a batch has and waits for, and how often snapshots are taken.

    `once_idle_s`: end when nothing came for so long; 0 goes on for ever.
    """

    batch_messages: int
    batch_wait_s: float
    snapshot_interval_s: float
    once_idle_s: float = 0.0

    @classmethod
    def of(cls, settings: WorkerSettings, once_idle_s: float) -> "Pace":
        """The pace that is set."""
        return cls(
            settings.batch_messages,
            settings.batch_wait_s,
            settings.snapshot_interval_s,
            once_idle_s,
        )


def _nothing() -> None:
    """Nothing to do."""


@dataclass(frozen=True)
class Guard:
    """What goes on beside the stream; `on_stop` ends waiting for a store that is away.

    `renew` and `chore` are done every few seconds, in a thread of their own.
    """

    metrics: WorkerMetrics
    watchdog: Watchdog
    on_stop: Callable[[], None]
    renew: Callable[[], None] = _nothing
    chore: Callable[[], None] = _nothing


class Worker:
    """Runs one Faust app until told to stop. Wired by app/assembly.py."""

    def __init__(
        self,
        app: Any,  # noqa: ANN401 (faust is untyped here)
        topic: Any,  # noqa: ANN401
        pipeline: Keeper[Any],
        guard: Guard,
        pace: Pace,
    ) -> None:
        self._app, self._topic, self._pace = app, topic, pace
        self._name: str = topic.get_topic_name()
        self._kind = guard.metrics.process
        self._pipeline, self._guard, self._watchdog = pipeline, guard, guard.watchdog
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pipeline")
        self._inbox = Inbox(pace.batch_messages)
        self._ended = asyncio.Event()
        self._failure: BaseException | None = None
        self._last_batch = time.monotonic()
        self._seen: dict[int, int] = {}
        self._batches = self._batches_before = 0
        self._busy = self._is_ready = False
        app.agent(topic, concurrency=1, name="pipeline")(self._consume)
        app.on_partitions_revoked.connect(self._revoked)
        app.on_partitions_assigned.connect(self._assigned)

    async def run(self) -> None:
        """Until SIGTERM, SIGINT or idleness. Raises WorkerError when it can't go on."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ended.set)
        self._watchdog.start()
        await self._app.start()
        _log.info(f"{self._kind} is running", topic=self._name)
        tasks = [
            asyncio.create_task(self._work()),
            asyncio.create_task(self._every(POLL_S, self._renew)),
            asyncio.create_task(self._every(_CHORE_S, self._do_chore)),
            asyncio.create_task(self._every(self._pace.snapshot_interval_s, self._snapshot)),
            asyncio.create_task(self._every(_LOOK_S, self._look_after)),
            asyncio.create_task(self._every(_WATCH_S, self._watch)),
        ]
        await self._ended.wait()
        await self._finish(tasks)
        if self._failure:
            raise WorkerError(f"the {self._kind} ended: {self._failure}") from self._failure

    async def _finish(self, tasks: Iterable[asyncio.Task[None]]) -> None:
        """Drain what is under way, save, commit, leave; all of it within ten seconds."""
        self._watchdog.end_within(STOP_S)
        self._guard.on_stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await self._snapshot()
        except Exception as error:  # noqa: BLE001 (the stop goes on; the log is replayed)
            _log.error("no last snapshot", reason=repr(error))
        _log.info(f"{self._kind} stops", next=self._pipeline.next_offsets())
        await self._app.stop()
        self._thread.shutdown()

    async def _consume(self, stream: Any) -> None:  # noqa: ANN401 (faust is untyped here)
        taken = min(_TAKEN, self._pace.batch_messages)
        async for events in stream.noack_take(taken, within=self._pace.batch_wait_s):
            if self._ended.is_set():
                break
            await self._inbox.put([_incoming(event.message) for event in events])
        # Returning would make Faust start the agent again.
        await asyncio.Event().wait()

    async def _work(self) -> None:
        """One batch after the other; the next one gathers meanwhile."""
        while not self._ended.is_set():
            await self._batch(await self._inbox.take())

    async def _batch(self, messages: list[Incoming]) -> None:
        self._busy = True
        for message in messages:
            self._seen[message.partition] = message.offset
        try:
            await self._in_thread(lambda: self._pipeline.take(messages))
        except Stopping:
            self._ended.set()
        except Exception as error:  # noqa: BLE001 (whatever it is, the worker must not go on)
            self._fail(error)
        self._batches += 1
        self._busy, self._last_batch = False, time.monotonic()

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        def watched() -> _T:
            self._watchdog.beat(STEP)
            try:
                return work()
            finally:
                self._watchdog.rest(STEP)

        return await asyncio.get_running_loop().run_in_executor(self._thread, watched)

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while not self._ended.is_set():
            await asyncio.sleep(seconds)
            try:
                await work()
            except Stopping:
                self._ended.set()
            except Exception as error:  # noqa: BLE001 (a timer that dies silently is worse)
                self._fail(error)

    async def _renew(self) -> None:
        await asyncio.to_thread(self._guard.renew)

    async def _do_chore(self) -> None:
        await asyncio.to_thread(self._guard.chore)

    async def _snapshot(self) -> None:
        offsets = await self._in_thread(self._pipeline.snapshot)
        if offsets and not self._app.rebalancing:
            await commit(self._app, self._name, offsets)

    async def _look_after(self) -> None:
        await self._in_thread(self._pipeline.tick)

    async def _watch(self) -> None:
        """Never waits for the thread, which may be waiting for a store that is away."""
        self._watchdog.beat(_LOOP)
        waiting = self._measure_lag() > 0 or (not self._busy and await self._is_unread())
        if self._busy or not waiting:
            self._watchdog.rest(_DELIVERY)
        elif self._batches != self._batches_before:
            self._watchdog.beat(_DELIVERY)
        else:
            self._watchdog.begin(_DELIVERY)
        self._batches_before = self._batches
        if not waiting and self._is_idle():
            self._ended.set()
        if self._app.crashed and not self._failure:
            self._fail(self._app.crash_reason or RuntimeError("Faust crashed"))

    async def _is_unread(self) -> bool:
        """Whether a partition that nothing came of yet holds what Kafka's consumer didn't fetch."""
        for place in self._app.consumer.assignment():
            if place.partition not in self._seen and await is_behind(self._app, place, _WATCH_S):
                return True
        return False

    def _is_idle(self) -> bool:
        """Whether nothing has come for as long as was asked for."""
        limit = self._pace.once_idle_s
        ready = limit > 0 and self._is_ready and not self._busy and not self._inbox
        return ready and time.monotonic() - self._last_batch > limit

    def _measure_lag(self) -> int:
        """Messages not taken yet, of all partitions that a message came from."""
        total = 0
        for place in self._app.consumer.assignment():
            end, seen = highwater(self._app, place), self._seen.get(place.partition)
            if end is not None and seen is not None:
                lag = max(0, end - seen - 1)
                self._guard.metrics.lag.labels(str(place.partition)).set(lag)
                total += lag
        return total

    async def _revoked(self, _app: Any, revoked: Iterable[Any], **_: Any) -> None:  # noqa: ANN401
        """State and everything pending of these partitions belong to somebody else now, who goes on
        from here if it can be saved in time, and from the snapshot before if it can't.
        """
        numbers = {place.partition for place in revoked}
        await self._inbox.drop(numbers)
        try:
            await asyncio.wait_for(self._in_thread(self._pipeline.snapshot), _HANDOVER_S)
        except Exception as error:  # noqa: BLE001 (the log is replayed instead)
            _log.warning("partitions handed over unsaved", reason=repr(error))
        await self._forget(numbers)

    async def _assigned(self, _app: Any, assigned: Iterable[Any], **_: Any) -> None:  # noqa: ANN401
        # What was left in the buffer may have loaded a partition after it was revoked.
        numbers = [place.partition for place in assigned]
        await self._forget(numbers)
        self._is_ready, self._last_batch = True, time.monotonic()
        _log.info("partitions assigned", partitions=sorted(numbers))

    async def _forget(self, partitions: Collection[int]) -> None:
        await self._inbox.drop(partitions)
        for partition in partitions:
            self._seen.pop(partition, None)
            self._guard.metrics.lag.remove(str(partition))
            self._pipeline.drop([partition])

    def _fail(self, error: BaseException) -> None:
        self._failure = self._failure or error
        _log.error(f"the {self._kind} can't go on", reason=repr(error), exc_info=error)
        self._ended.set()


def _incoming(message: Any) -> Incoming:  # noqa: ANN401 (faust is untyped here)
    milliseconds = round(message.timestamp * 1_000)
    return Incoming(message.partition, message.offset, milliseconds, message.value or b"")
