"""Many open pages at once: each has to hear of every changed alert, while others ask for pages."""

import asyncio
import itertools
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import numpy as np

from benchmarks.fleet import name_of
from benchmarks.listener import Listener
from benchmarks.served import Served
from contracts.alerts import Alert
from infra.store import ClickHouseStore

CHANGES_PER_S = 5.0
_ASKERS = 64
_FIRST_S = 3.0
_LAST_S = 10.0
"""How long the last change may take to arrive before it counts as lost."""


class _Told(msgspec.Struct):
    alert_id: str
    version: int


_decoder = msgspec.json.Decoder(_Told)


@dataclass
class Client:
    """What one open page has heard: when each change came."""

    came: dict[tuple[str, int], float] = field(default_factory=dict)
    doubled: int = 0
    resets: int = 0

    def heard(self, kind: str, data: bytes, now: float) -> None:
        """Takes an event."""
        if kind == "reset":
            self.resets += 1
        if kind != "alert":
            return
        told = _decoder.decode(data)
        change = (told.alert_id, told.version)
        self.doubled += change in self.came
        self.came.setdefault(change, now)


@dataclass
class Asked:
    """How the requests of the others went."""

    waits: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def paths(vehicles: int, alerts: Sequence[Alert]) -> list[str]:
    """A mix of what people and programs ask for, in an order that is always the same."""
    dice = random.Random(1)
    found = []
    for _ in range(1_000):
        vehicle, alert = name_of(dice.randrange(vehicles)), dice.choice(alerts)
        found += [
            "/?part=live",
            f"/vehicles/{vehicle}?part=live",
            f"/vehicles/{alert.vehicle_id}",
            "/alerts?part=live",
            f"/alerts/{alert.alert_id}?part=detail",
            f"/api/fleet?depot=Depot%20{dice.randrange(40):02d}",
            f"/api/vehicles/{vehicle}",
            f"/api/vehicles/{vehicle}/risk-history?mode={alert.mode}",
            "/api/alerts?limit=50",
            "/workorders",
        ]
    dice.shuffle(found)
    return found


async def _ask(served: Served, rate: float, seconds: float, mix: Sequence[str]) -> Asked:
    """Requests at their times, by as many askers as browsers would be; one that is late because
    all of them wait has waited since it was due. (All at once in one client cost a core: its pool
    looks through every request that waits whenever one ends.)
    """
    asked, began = Asked(), time.monotonic()
    numbers = iter(range(int(rate * seconds)))

    async def asker(client: httpx.AsyncClient) -> None:
        for number in numbers:
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            headers = served.headers[number % len(served.headers)]
            try:
                answer = await client.get(mix[number % len(mix)], headers=headers)
                if answer.status_code >= 400:
                    asked.errors.append(f"{answer.status_code} for {mix[number % len(mix)]}")
            except httpx.HTTPError as error:
                asked.errors.append(repr(error))
            asked.waits.append(time.monotonic() - due)

    limits = httpx.Limits(max_connections=_ASKERS)
    async with httpx.AsyncClient(base_url=served.url, timeout=30, limits=limits) as client:
        await asyncio.gather(*(asker(client) for _ in range(_ASKERS)))
    return asked


async def _change(
    store: ClickHouseStore, alerts: Sequence[Alert], seconds: float
) -> dict[tuple[str, int], float]:
    """Change one alert after the other, each once; when each was in the store."""
    made: dict[tuple[str, int], float] = {}
    began = time.monotonic()
    for number, alert in enumerate(itertools.islice(alerts, int(CHANGES_PER_S * seconds))):
        await asyncio.sleep(max(0.0, began + number / CHANGES_PER_S - time.monotonic()))
        changed = msgspec.structs.replace(alert, version=alert.version + 1, assignee="Ana")
        await asyncio.to_thread(store.write_alerts, [changed], [])
        made[changed.alert_id, changed.version] = time.monotonic()
    return made


async def _memory(served: Served, seconds: float) -> list[float]:
    found = []
    for _ in range(int(seconds)):
        await asyncio.sleep(1.0)
        found.append(served.rss_mb())
    return found


async def crowd(
    served: Served,
    store: ClickHouseStore,
    alerts: Sequence[Alert],
    *,
    vehicles: int,
    clients: int,
    rate: float,
    seconds: float,
) -> dict[str, Any]:
    """`clients` open streams, `rate` requests a second beside them, for so many seconds."""
    heard = [Client() for _ in range(clients)]
    listeners = [Listener(served, number, one.heard) for number, one in enumerate(heard)]
    before = served.rss_mb()
    await asyncio.gather(*(one.start() for one in listeners))
    # The server's first look at the store is what changes are told against.
    await asyncio.sleep(_FIRST_S)
    cpu, began = served.cpu_s(), time.monotonic()
    asked, made, memory = await asyncio.gather(
        _ask(served, rate, seconds, paths(vehicles, alerts)),
        _change(store, alerts, seconds),
        _memory(served, seconds),
    )
    cores = (served.cpu_s() - cpu) / (time.monotonic() - began)
    await asyncio.sleep(_LAST_S)
    broken = [one.failed for one in listeners if one.failed]
    await asyncio.gather(*(one.close() for one in listeners))
    third = max(1, len(memory) // 3)
    return {
        **_events(heard, made),
        "streams_broken": len(broken),
        "requests": len(asked.waits),
        "request_errors": len(asked.errors),
        "first_errors": asked.errors[:3] + broken[:3],
        "request_p50_ms": float(np.quantile(asked.waits, 0.5)) * 1e3,
        "request_p99_ms": float(np.quantile(asked.waits, 0.99)) * 1e3,
        "cores": cores,
        "memory_before_mb": before,
        "memory_first_third_mb": float(np.mean(memory[:third])),
        "memory_last_third_mb": float(np.mean(memory[-third:])),
    }


def _events(heard: Sequence[Client], made: Mapping[tuple[str, int], float]) -> dict[str, Any]:
    waits = [
        one.came[change] - at for one in heard for change, at in made.items() if change in one.came
    ]
    expected = len(heard) * len(made)
    return {
        "clients": len(heard),
        "changes": len(made),
        "events_expected": expected,
        "events_lost": expected - len(waits),
        "events_doubled": sum(one.doubled for one in heard),
        "resets": sum(one.resets for one in heard),
        "event_p50_s": float(np.quantile(waits, 0.5)) if waits else None,
        "event_p99_s": float(np.quantile(waits, 0.99)) if waits else None,
    }
