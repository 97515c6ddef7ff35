"""From a new frame to the risk on an open page of its vehicle, while the whole fleet sends."""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import msgspec
import numpy as np

from app.settings import Settings
from benchmarks.fleet import TENANT, Fleet, name_of
from benchmarks.listener import Listener
from benchmarks.load import POOL, pool
from benchmarks.served import Served
from contracts.records import Frame
from infra.kafka import RecordProducer

TOLD = frozenset({"risk", "alert", "reset"})
"""Events at which the page reads itself anew (app/web/static/live.js)."""
_REFRESH_S = 0.5
_STEP_MS = 60_000
_EVERY_S = 5.0
"""How often a watched vehicle sends; its event time goes on by a minute, so that each is scored."""
_BURST_S = 0.01
_LAST_S = 20
_SCORED = re.compile(r'id="data".*?datetime="[^"]+".*?datetime="([^"]+)"', re.DOTALL)


class _Told(msgspec.Struct):
    scored_ms: int


_decoder = msgspec.json.Decoder(_Told)


@dataclass
class Sent:
    """Of each watched vehicle, by the frame's event time (ms), when it was produced (s)."""

    at: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))


def _frames(fleet: Fleet, watched: int, rate: float, seconds: float) -> Iterator[Frame]:
    """In order of sending: of each watched vehicle one in `_EVERY_S`, else of all in turn."""
    made = pool(fleet.profile)
    others = fleet.count - watched
    begins = fleet.now_ms - int(seconds / _EVERY_S + 2) * _STEP_MS
    every = int(rate * _EVERY_S)
    counts = [0, 0]
    for index in range(int(rate * seconds)):
        one = made[index % POOL]
        turn, place = divmod(index, every)
        spread = place * watched // every
        if watched and place == -(-spread * every // watched):
            name, seq, at = name_of(spread), turn, begins + turn * _STEP_MS
            counts[0] += 1
        else:
            seq, vehicle = divmod(counts[1], others)
            name, at = name_of(watched + vehicle), time.time_ns() // 1_000_000 - 30_000
            counts[1] += 1
        yield Frame(
            TENANT, fleet.profile.name, name, seq, at, one.signals, one.offsets, one.samples
        )  # fmt: skip


def produce(
    settings: Settings, fleet: Fleet, watched: int, rate: float, seconds: float, sent: Sent
) -> None:
    """Send at a steady rate; blocks until all is sent."""
    made = _frames(fleet, watched, rate, seconds)
    last = name_of(watched)
    began, count = time.monotonic(), 0
    with RecordProducer(settings.broker()) as producer:
        while count < int(rate * seconds):
            due = min(int(rate * seconds), int((time.monotonic() - began) * rate) + 1)
            batch = [next(made) for _ in range(due - count)]
            now = time.monotonic()
            for frame in batch:
                if frame.vehicle_id < last:
                    sent.at[frame.vehicle_id][frame.start_ms] = now
            producer.send(batch)
            count = due
            time.sleep(_BURST_S)


class OpenPage:
    """A vehicle's page as live.js keeps it: an event makes it read what changes, twice a second at
    most.
    """

    def __init__(self, served: Served, client: httpx.AsyncClient, number: int) -> None:
        self.vehicle = name_of(number)
        self._client, self._headers = client, served.headers[number % len(served.headers)]
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._listener = Listener(served, number, self._heard, f"?vehicle={self.vehicle}")
        self.told: list[tuple[int, float]] = []
        self.scored: list[tuple[int, float]] = []
        self.read, self.errors = 0, 0

    async def start(self) -> None:
        """Returns once the page is live."""
        await self._listener.start()
        self._task = asyncio.create_task(self._refresh())

    async def close(self) -> None:
        """Leave it."""
        await self._listener.close()
        if self._task:
            self._task.cancel()

    def _heard(self, kind: str, data: bytes, now: float) -> None:
        if kind == "risk":
            self.told.append((_decoder.decode(data).scored_ms // 1_000, now))
        if kind in TOLD and (kind != "alert" or self.vehicle.encode() in data):
            self._wanted.set()

    async def _refresh(self) -> None:
        address = f"/vehicles/{self.vehicle}?part=live"
        while await self._wanted.wait():
            self._wanted.clear()
            answer = await self._client.get(address, headers=self._headers)
            now = time.monotonic()
            found = _SCORED.search(answer.text)
            self.read += 1
            if answer.status_code != 200 or not found:
                self.errors += 1
            else:
                scored_s = int(datetime.fromisoformat(found[1]).timestamp())
                self.scored.append((scored_s, now))
            await asyncio.sleep(_REFRESH_S)


def _waits(
    sent: Sent, came: Mapping[str, Sequence[tuple[int, float]]]
) -> tuple[list[tuple[float, float]], int]:
    """Of every frame that came, by vehicle (event time in s, when), when it was produced and how
    long it took; how many never did.
    """
    found, missing = [], 0
    for vehicle, times in came.items():
        for time_ms, at in sent.at[vehicle].items():
            seen = [now for scored_s, now in times if scored_s >= time_ms // 1_000]
            if seen:
                found.append((at, min(seen) - at))
            else:
                missing += 1
    return sorted(found), missing


async def shown(
    served: Served,
    settings: Settings,
    fleet: Fleet,
    *,
    watched: int,
    rate: float,
    seconds: float,
) -> dict[str, Any]:
    """`watched` open pages of the first vehicles, `rate` frames a second of all vehicles."""
    sent = Sent()
    async with httpx.AsyncClient(base_url=served.url, timeout=30) as client:
        pages = [OpenPage(served, client, number) for number in range(watched)]
        await asyncio.gather(*(page.start() for page in pages))
        began = time.monotonic()
        await asyncio.to_thread(produce, settings, fleet, watched, rate, seconds, sent)
        took = time.monotonic() - began
        for _ in range(_LAST_S):
            if _waits(sent, {page.vehicle: page.scored for page in pages})[1]:
                await asyncio.sleep(1.0)
        await asyncio.gather(*(page.close() for page in pages))
    found, missing = _waits(sent, {page.vehicle: page.scored for page in pages})
    heard, _ = _waits(sent, {page.vehicle: page.told for page in pages})
    # The first seconds fill caches and make the vehicles' state.
    settled = [wait for at, wait in found if at > began + seconds / 6]
    if not settled:
        errors = sum(page.errors for page in pages)
        raise SystemExit(
            f"no page showed any of {missing} frames ({errors} readings failed); try a lower rate"
        )
    return {
        "open_pages": watched,
        "frames_per_second": rate * seconds / took,
        "frames_watched": len(settled),
        "frames_never_shown": missing,
        "p50_s": float(np.quantile(settled, 0.5)),
        "p99_s": float(np.quantile(settled, 0.99)),
        "longest_s": float(max(settled)),
        "told_p50_s": float(np.median([wait for at, wait in heard if at > began + seconds / 6])),
        "page_reads_per_s": sum(page.read for page in pages) / took,
        "page_errors": sum(page.errors for page in pages),
    }
