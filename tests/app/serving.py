"""The real web application on a free port, in a thread, over a real store filled with a fleet."""

import contextlib
import socket
import threading
import time
from dataclasses import dataclass
from functools import cache

import httpx
import uvicorn

from app.api.champions import Champion
from app.api.context import Context
from app.api.server import create_app
from app.settings import Settings
from features.expectation import fit_expectation
from features.profile import builtin_profile
from infra.store import ClickHouseStore
from models.record import ModeCurves
from tests.app import sample_fleet

LINE = 0.15
CURVES = ModeCurves(
    [0.004, 0.02, 0.12, 0.3, 0.5, 0.7, 0.85],
    [0.003, 0.02, 0.1, 0.33, 0.5, 0.7, 0.9],
    [0.001, 0.01, 0.06, 0.2, 0.35, 0.5, 0.6],
    [0.006, 0.04, 0.2, 0.45, 0.65, 0.85, 0.97],
    [1, 4, 8, 12, 9, 7, 3],
    [],
    [],
    [],
    44,
    [],
    1,
)


@dataclass
class Served:
    """`client` speaks to the server at `url`; `store` is behind it; the fleet ends at `now_ms`."""

    url: str
    client: httpx.Client
    store: ClickHouseStore
    settings: Settings
    now_ms: int


@cache
def champion(profile):
    """A model that expects what the sample's healthy half shows."""
    number = {"truck-diesel": 1, "car-electric": 2, "car-combustion": 4}[profile]
    stats = sample_fleet.summaries(number, 0).stats
    lines = {mode.name: LINE for mode in builtin_profile(profile).modes}
    means = stats[: len(stats) // 2, :, 1]
    curves = dict.fromkeys(lines, CURVES)
    return Champion("m1", fit_expectation(builtin_profile(profile), means), lines, curves)


@contextlib.contextmanager
def serve(settings, champion_of=champion, **more):
    """The address of a running server; it has stopped when the block ends. `more`: see Context."""
    # asyncio sends without delay (TCP_NODELAY) only where the protocol is named.
    with socket.socket(proto=socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        app = create_app(Context(settings, champion_of, **more))
        config = uvicorn.Config(
            app, log_level="error", ws="none", timeout_graceful_shutdown=1, lifespan="on"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


@contextlib.contextmanager
def serve_fleet(settings, count=24):
    """The sample fleet, served."""
    store, now_ms = ClickHouseStore(settings.store()), time.time_ns() // 1_000_000
    if count:
        sample_fleet.fill(store, now_ms, count)
    # No alerter runs here: what is asked of one is not waited for.
    hasty = {"Prefer": "respond-async"}
    with serve(settings) as url, httpx.Client(base_url=url, headers=hasty, timeout=20) as client:
        yield Served(url, client, store, settings, now_ms)
