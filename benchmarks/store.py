"""How fast the embedded store takes and gives: `python -m benchmarks.store [--rows N]`.

Prints one JSON object: rows a second for inserts of summaries and for reading them back by groups
of vehicles, milliseconds p50 and p99 of a point query (a vehicle's newest frames), of one for the
fleet (when each vehicle was heard last) and of points asked by eight clients at once, memory and
disk; at N/4, N/2 and N rows. From the three sizes a straight line gives 100 million rows.
"""

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil

from benchmarks.machine import machine, spent
from contracts.batches import Summaries
from infra.addresses import embedded_clickhouse
from infra.connections import ClickHouseConnection
from infra.store import ClickHouseStore
from infra.store_process import EmbeddedStore

SIGNALS = 20
FRAMES = 2_600
BATCH = 52_000
GROUP = 50
QUERIES = 60
POINT = (
    "SELECT time, mean FROM summaries FINAL WHERE tenant = 'default' AND profile = 'bench' "
    "AND vehicle_id = %(v)s ORDER BY time DESC LIMIT 400"
)
FLEET = (
    "SELECT vehicle_id, max(time) FROM summaries WHERE tenant = 'default' AND profile = 'bench' "
    "AND %(v)s != '' GROUP BY vehicle_id"
)
FAR = 100_000_000


def batches(vehicles: int) -> Iterator[Summaries]:
    rng = np.random.default_rng(0)
    whole = BATCH // FRAMES
    for first in range(0, vehicles, whole):
        ids = [f"V{n:05d}" for n in range(first, min(first + whole, vehicles))]
        count = len(ids) * FRAMES
        yield Summaries(
            "bench",
            ["default"] * count,
            np.repeat(ids, FRAMES).tolist(),
            np.tile(1_700_000_000_000 + np.arange(FRAMES) * 10_000_000, len(ids)),
            np.tile(np.arange(FRAMES), len(ids)),
            rng.normal(size=(count, SIGNALS, 6)).astype(np.float32),
        )


def measure_queries(connection: ClickHouseConnection) -> dict[str, float]:
    alone = _times(connection, POINT)
    fleet = _times(connection, FLEET)
    together: list[float] = []
    threads = [
        threading.Thread(target=lambda: together.extend(_times(connection, POINT)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {"point": alone, "fleet": fleet, "point_of_8_clients": together}
    return {
        f"{name}_p{share}_ms": float(np.percentile(times, share)) * 1e3
        for name, times in found.items()
        for share in (50, 99)
    }


def _times(connection: ClickHouseConnection, sql: str) -> list[float]:
    store, found = ClickHouseStore(connection).clickhouse, []
    for number in range(QUERIES):
        began = time.perf_counter()
        store.rows(sql, v=f"V{number:05d}")
        found.append(time.perf_counter() - began)
    return found[1:]


def measure_history(store: ClickHouseStore, rows: int) -> dict[str, float]:
    total = 0
    writing = 0.0
    for batch in batches(-(-rows // FRAMES)):
        began = time.perf_counter()
        store.write_summaries(batch)
        writing += time.perf_counter() - began
        total += len(batch)
    ids = store.vehicles("default", "bench")
    began = time.perf_counter()
    read = sum(
        len(store.summaries("default", "bench", ids[at : at + GROUP], 0, 2**62))
        for at in range(0, len(ids), GROUP)
    )
    reading = time.perf_counter() - began
    if read != total:
        raise SystemExit(f"read {read} rows of {total}")
    return {
        "rows": total,
        "insert_rows_per_s": total / writing,
        "read_rows_per_s": total / reading,
        "read_s": reading,
    }


def measure(home: Path, rows: int) -> dict[str, float]:
    server = EmbeddedStore(home, "telltale")
    child = server.start()
    try:
        connection = embedded_clickhouse(home, ClickHouseConnection())
        store = ClickHouseStore(connection)
        store.migrate()
        figures = measure_history(store, rows) | measure_queries(connection)
        memory = psutil.Process(child.pid).memory_info().rss
        files = [file for file in (home / "clickhouse").rglob("*") if file.is_file()]
        disk = sum(file.stat().st_size for file in files)
        figures |= {"server_memory_mb": memory / 1e6, "disk_bytes_per_row": disk / figures["rows"]}
        return figures
    finally:
        server.stop()


def extrapolated(sizes: list[dict[str, float]]) -> dict[str, float]:
    """Each query's median at 100 million rows, by a straight line through what was measured; where
    it didn't grow, the longest that was measured. Its p99 as many times that as at the largest.
    """
    rows = [one["rows"] for one in sizes]
    found = {}
    for name in (name.removesuffix("_p50_ms") for name in sizes[0] if name.endswith("_p50_ms")):
        median, slowest = f"{name}_p50_ms", f"{name}_p99_ms"
        times = [one[median] for one in sizes]
        slope, start = np.polyfit(rows, times, 1)
        found[median] = max(float(start + slope * FAR), *times)
        found[slowest] = found[median] * sizes[-1][slowest] / sizes[-1][median]
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_300_000)
    parser.add_argument("--json", action="store_true", help="As it prints anyway.")
    given = parser.parse_args()
    sizes = []
    for part in (4, 2, 1):
        with tempfile.TemporaryDirectory() as folder:
            sizes.append(measure(Path(folder), given.rows // part))
    found = {"sizes": sizes, "at_100_million_rows": extrapolated(sizes)}
    print(json.dumps(found | machine() | spent(), indent=2))


if __name__ == "__main__":
    main()
