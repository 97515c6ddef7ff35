"""`/api/stream`: changed alerts, the fleet's counts and new scores of the vehicles that somebody
looks at as server-sent events, with resume.

One task asks the store for everyone; clients only wait on a queue.
"""

import asyncio
import contextlib
import itertools
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated

import msgspec
import structlog
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from app.access.caller import Caller, local
from app.access.door import Door
from app.api.alerts import alert_views
from app.api.context import Context
from contracts.errors import TelltaleError
from infra.reads.alerts import active_versions, alerts_by_id
from infra.reads.vehicles import newest_scores

router = APIRouter(prefix="/api", tags=["stream"])
_POLL_S = 1.0
_SCORES_S = 0.25
_HEARTBEAT_S = 15.0
_KEPT = 1_000
_QUEUE = 200
_BATCH = 200
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Event:
    """One server-sent event. `kind`: alert, fleet, risk, or reset (reload: events were missed).
    `vehicle` is the one that it is told to the watchers of, "" where it is told to all.
    """

    number: int
    kind: str
    data: str
    vehicle: str = ""

    def text(self, epoch: str) -> str:
        """As it goes over the wire."""
        return f"id: {epoch}-{self.number}\nevent: {self.kind}\ndata: {self.data}\n\n"


class Hub:
    """Watches the store while somebody listens, and tells every listener what changed."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._numbers = itertools.count(1)
        self._kept: deque[Event] = deque(maxlen=_KEPT)
        self._listeners: dict[asyncio.Queue[Event], str] = {}
        self._versions: dict[str, int] | None = None
        self._summary = ""
        self._scored: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None
        self._look: asyncio.Task[None] | None = None
        self._fleet: Event | None = None
        self._epoch = 0
        self._born = context.wall_ms()

    @property
    def epoch(self) -> str:
        """Names the stretch in which numbers follow each other without a gap."""
        return f"{self._born:x}.{self._epoch}"

    @property
    def listeners(self) -> int:
        """How many clients are connected."""
        return len(self._listeners)

    async def listen(
        self, last_id: str, vehicle: str, allowed: Callable[[], bool]
    ) -> AsyncIterator[str]:
        """The stream of one client: what it missed since `last_id`, then what happens, as long as
        it is `allowed`. `vehicle` is the one that it looks at, "" without.
        """
        queue: asyncio.Queue[Event] = asyncio.Queue(_QUEUE)
        missed = [one for one in self._missed(last_id) if one.vehicle in ("", vehicle)]
        self._listeners[queue] = vehicle
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        try:
            yield f"retry: 2000\n\n{''.join(one.text(self.epoch) for one in missed)}"
            checked = time.monotonic()
            while True:
                if time.monotonic() - checked > _HEARTBEAT_S:
                    checked = time.monotonic()
                    if not await asyncio.to_thread(allowed):
                        return
                try:
                    event = await asyncio.wait_for(queue.get(), _HEARTBEAT_S)
                    yield event.text(self.epoch)
                except TimeoutError:
                    yield ": alive\n\n"
        finally:
            del self._listeners[queue]

    async def close(self) -> None:
        """Stop watching."""
        for task in filter(None, (self._task, self._look)):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _missed(self, last_id: str) -> list[Event]:
        """What a returning client has not seen; one `reset` where we can't know. A new client
        gets the newest counts.
        """
        epoch, _, number = last_id.rpartition("-")
        if not last_id:
            return [self._fleet] if self._fleet else []
        oldest = self._kept[0].number if self._kept else 1
        if epoch == self.epoch and number.isdecimal() and int(number) >= oldest - 1:
            return [one for one in self._kept if one.number > int(number)]
        return [Event(self._kept[-1].number if self._kept else 0, "reset", "{}")]

    async def _watch(self) -> None:
        looked_s = float("-inf")
        while self._listeners:
            # Scores don't wait for the fleet to be counted.
            if (not self._look or self._look.done()) and time.monotonic() - looked_s >= _POLL_S:
                looked_s = time.monotonic()
                self._look = asyncio.create_task(self._tell_changes())
            await self._tell_scores()
            await asyncio.sleep(_SCORES_S)
        if self._look:
            await self._look
        # What happens while nobody listens is read from the page, not from the stream.
        self._versions, self._summary, self._fleet, self._scored = None, "", None, {}
        self._kept.clear()
        self._epoch += 1

    async def _tell_scores(self) -> None:
        watched = sorted(set(self._listeners.values()) - {""})
        with _told_when_away():
            for vehicle, data in await asyncio.to_thread(self._new_scores, watched):
                self._tell("risk", data, vehicle)

    async def _tell_changes(self) -> None:
        with _told_when_away():
            for data in await asyncio.to_thread(self._changed_alerts):
                self._tell("alert", data)
            for data in await asyncio.to_thread(self._new_counts):
                self._tell("fleet", data)

    def _new_scores(self, watched: list[str]) -> list[tuple[str, str]]:
        """Vehicles of these that were scored since the last look, and what is told of each. The
        first look tells of each that has a score: its page may have been read just before that.
        """
        store, tenant = self._context.store, self._context.tenant
        now = newest_scores(store, tenant, watched)
        found = [
            (vehicle, _json({"vehicle_id": vehicle, "scored_ms": time_ms}))
            for vehicle, time_ms in now.items()
            if time_ms != self._scored.get(vehicle)
        ]
        self._scored = now
        return found

    def _changed_alerts(self) -> list[str]:
        """Alerts that differ from those told last."""
        store, tenant = self._context.store, self._context.tenant
        now = active_versions(store, tenant)
        before = now if self._versions is None else self._versions
        differing = sorted(dict(now.items() ^ before.items()))
        found: list[str] = []
        for start in range(0, len(differing), _BATCH):
            alerts = alerts_by_id(store, tenant, differing[start : start + _BATCH])
            found += [_json(one) for one in alert_views(self._context, list(alerts.values()))]
        self._versions = now
        return self._changed(found)

    def _new_counts(self) -> list[str]:
        """The fleet's counts, if they differ from those told last."""
        summary = asdict(self._context.summary(keep_s=_POLL_S))
        told = _json({key: value for key, value in summary.items() if key != "now_ms"})
        differs = told != self._summary
        self._summary = told
        return self._changed([_json(summary)] if differs else [])

    def _changed(self, found: list[str]) -> list[str]:
        """Whoever is told of this reads what came of it."""
        if found:
            self._context.answers.looks.forget(self._context.tenant)
        return found

    def _tell(self, kind: str, data: str, vehicle: str = "") -> None:
        event = Event(next(self._numbers), kind, data, vehicle)
        self._kept.append(event)
        if kind == "fleet":
            self._fleet = event
        for queue, watched in self._listeners.items():
            if vehicle not in ("", watched):
                continue
            if queue.full():
                # A client this far behind reads the page anew; the rest would be stale.
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(Event(event.number, "reset", "{}"))
            else:
                queue.put_nowait(event)


class Hubs:
    """A hub a tenant, made when first asked for."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._hubs: dict[str, Hub] = {}

    def of(self, caller: Caller) -> Hub:
        """The hub of the caller's tenant; it sees the tenant, not the caller."""
        tenant = caller.tenant
        if tenant not in self._hubs:
            self._hubs[tenant] = Hub(self._context.seen_by(local(tenant)))
        return self._hubs[tenant]

    @property
    def listeners(self) -> int:
        """How many clients are connected."""
        return sum(hub.listeners for hub in self._hubs.values())

    async def close(self) -> None:
        """Stop watching."""
        for hub in self._hubs.values():
            await hub.close()


@router.get("/stream", response_class=StreamingResponse)
async def stream(
    request: Request,
    last_event_id: str = Header(""),
    vehicle: Annotated[str, Query(max_length=128, description="Id of the one looked at")] = "",
) -> StreamingResponse:
    """Server-sent events: `alert` (an alert, whole), `fleet` (the counts), `risk` (the vehicle was
    scored), `reset` (read anew).

    The stream ends when the key or session does that it was opened with.
    """
    hubs: Hubs = request.app.state.hubs
    caller: Caller = request.state.caller
    door: Door = request.app.state.door
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    still = partial(door.still, request.headers, caller)
    told = hubs.of(caller).listen(last_event_id, vehicle, still)
    return StreamingResponse(told, media_type="text/event-stream", headers=headers)


@contextlib.contextmanager
def _told_when_away() -> Iterator[None]:
    try:
        yield
    except TelltaleError as error:
        _log.warning("live stream waits for the store", reason=str(error))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
