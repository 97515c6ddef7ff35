"""The pages of a large fleet: `python -m benchmarks.pages [--vehicles 100000] [--json]`.

A real broker, the store and the API server as processes of their own, asked over sockets with keys
as people's and programs' are.

pages: what each page takes by one reader, one after the other. paint: until chromium, new each
time, shows something of it. crowd: 200 open pages that have to hear of every changed alert, with 50
requests a second of a mix beside them; the changes are written to the store as the alerter does.
shown: 1,000 frames a second of the whole fleet through a real worker, from produced to the risk on
an open page of the vehicle; the page is read as its script does, not drawn by a browser.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from app.settings import Settings, load_settings
from benchmarks.champion import promote_champion
from benchmarks.crowd import crowd
from benchmarks.fleet import Fleet, fill_store, name_of
from benchmarks.load import workers
from benchmarks.machine import machine, spent
from benchmarks.paint import paint
from benchmarks.served import Served, serve
from benchmarks.shown import shown
from benchmarks.stream import bench_profile, others_cpu
from contracts.alerts import Alert
from infra.processes import Backbone
from infra.store import ClickHouseStore

BARS = (
    ("pages", "fleet_p99_ms", 200.0),
    ("pages", "vehicle_p99_ms", 200.0),
    ("pages", "alerts_p99_ms", 200.0),
    ("paint", "fleet_longest_ms", 1_000.0),
    ("paint", "vehicle_alerted_longest_ms", 1_000.0),
    ("paint", "alerts_longest_ms", 1_000.0),
    ("crowd", "events_lost", 0),
    ("crowd", "request_errors", 0),
    ("shown", "p50_s", 1.0),
    ("shown", "p99_s", 3.0),
)
"""What has to be reached at most."""
PARTS = ("pages", "paint", "crowd", "shown")
_WARM = 10


def kinds_of(vehicles: int, alerts: Sequence[Alert]) -> dict[str, Callable[[], str]]:
    """Addresses by kind of page, each time of another vehicle, alert or depot."""
    dice = random.Random(1)
    return {
        "fleet": lambda: "/",
        "fleet_live": lambda: "/?part=live",
        "fleet_all": lambda: "/?show=all",
        "fleet_depot": lambda: f"/?show=all&depot=Depot%20{dice.randrange(40):02d}",
        "fleet_part": lambda: f"/?mode={dice.choice(alerts).mode}",
        "vehicle": lambda: f"/vehicles/{name_of(dice.randrange(vehicles))}",
        "vehicle_alerted": lambda: f"/vehicles/{dice.choice(alerts).vehicle_id}",
        "vehicle_frames": lambda: f"/vehicles/{name_of(dice.randrange(min(200, vehicles)))}",
        "alerts": lambda: "/alerts",
        "alerts_depots": lambda: "/alerts?by=depot",
        "alert": lambda: f"/alerts/{dice.choice(alerts).alert_id}",
        "figures": lambda: "/figures",
        "workorders": lambda: "/workorders",
    }


def read_pages(
    served: Served,
    spent_s: Callable[[], float],
    kinds: Mapping[str, Callable[[], str]],
    times: int,
) -> dict[str, float]:
    """Milliseconds of each kind of page: the first time, p50 and p99 of `times`, and what server
    and store spend on one (`spent_s`), which a busy machine lengthens less.
    """
    found: dict[str, float] = {}
    with httpx.Client(base_url=served.url, timeout=60) as client:
        for name, path in kinds.items():
            waits, before = [], 0.0
            for turn in range(_WARM + times):
                if turn == _WARM:
                    before = spent_s()
                headers = served.headers[turn % len(served.headers)]
                began = time.perf_counter()
                client.get(path(), headers=headers).raise_for_status()
                waits.append(1e3 * (time.perf_counter() - began))
            found[f"{name}_first_ms"] = waits[0]
            for share in (50, 99):
                found[f"{name}_p{share}_ms"] = float(np.percentile(waits[_WARM:], share))
            found[f"{name}_cpu_ms"] = 1e3 * (spent_s() - before) / times
    return found


def take(
    served: Served,
    settings: Settings,
    fleet: Fleet,
    alerts: Sequence[Alert],
    backbone: Backbone,
    options: argparse.Namespace,
) -> dict[str, Any]:
    """The parts that were asked for."""
    store = ClickHouseStore(settings.store())

    def spent_s() -> float:
        return served.cpu_s() + others_cpu(backbone)["store"]

    profiles = str(settings.home / "profiles")
    steady = {"rate": options.frame_rate, "seconds": options.seconds}

    def with_crowd() -> dict[str, Any]:
        asking = {"rate": options.request_rate, "seconds": options.seconds}
        given = {"vehicles": fleet.count, "clients": options.clients, **asking}
        return asyncio.run(crowd(served, store, alerts, **given))

    def with_worker() -> dict[str, Any]:
        with workers(settings, 1, "--profile-dir", profiles) as running:
            while not running[0].figures():
                time.sleep(0.1)
            pages = options.open_pages
            return asyncio.run(shown(served, settings, fleet, watched=pages, **steady))

    kinds = kinds_of(fleet.count, alerts)
    parts = {
        "pages": lambda: read_pages(served, spent_s, kinds, options.times),
        "paint": lambda: paint(served, kinds, options.paints),
        "crowd": with_crowd,
        "shown": with_worker,
    }
    return {name: part() for name, part in parts.items() if name in (options.only or parts)}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All parts on one filled store."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(home=Path(folder))
        with Backbone(settings.home, settings.kafka, settings.clickhouse) as backbone:
            profile = bench_profile(settings.home / "profiles", "60s")
            promote_champion(settings, profile)
            now_ms = time.time_ns() // 1_000_000
            fleet = Fleet(profile, options.vehicles, now_ms, quiet=options.open_pages)
            began = time.monotonic()
            alerts = fill_store(ClickHouseStore(settings.store()), fleet)
            filled_s = time.monotonic() - began
            with serve(settings) as served:
                found = take(served, settings, fleet, alerts, backbone, options)
                return {"filled_s": filled_s, **found, "api_memory_mb": served.rss_mb()}


def table(found: Mapping[str, Any]) -> str:
    """The figures a line each, with the bar where there is one."""
    bars = {(part, name): bar for part, name, bar in BARS}
    lines = []
    for part in PARTS:
        for name, value in found.get(part, {}).items():
            bar = bars.get((part, name))
            held = "" if bar is None else f"  bar {bar:g}: {'yes' if value <= bar else 'NO'}"
            shown_as = f"{value:12,.2f}" if isinstance(value, float) else f"{value!s:>12}"
            lines.append(f"{part} {name:28}{shown_as}{held}")
    return "\n".join(lines)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vehicles", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=200, help="readings of each page")
    parser.add_argument("--paints", type=int, default=20, help="first paints of each page")
    parser.add_argument("--clients", type=int, default=200, help="open pages of the crowd")
    parser.add_argument("--request-rate", type=float, default=50, help="requests a second")
    parser.add_argument("--frame-rate", type=float, default=1_000, help="frames a second")
    parser.add_argument("--open-pages", type=int, default=20, help="vehicles' pages watched")
    parser.add_argument("--seconds", type=float, default=60, help="of crowd and frames, each")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=[])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options) | {"options": vars(options)} | machine() | spent()
    print(json.dumps(found, indent=2) if options.json else table(found))


if __name__ == "__main__":
    main()
