"""How fast the embedded store takes and gives: `python -m benchmarks.store [--rows N]`.

Prints one JSON object: rows a second for inserts of summaries and for reading them back by groups
of vehicles, milliseconds for a point query and for eight clients at once, memory, disk.
"""

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil

from contracts.batches import Summaries
from infra.addresses import embedded_clickhouse
from infra.connections import ClickHouseConnection
from infra.store import ClickHouseStore
from infra.store_process import EmbeddedStore

SIGNALS = 20
FRAMES = 2_600
BATCH = 52_000
GROUP = 50


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
    def work() -> None:
        store = ClickHouseStore(connection).clickhouse
        for number in range(50):
            store.rows("SELECT count() FROM summaries WHERE vehicle_id = %(v)s", v=f"V{number:05d}")

    began = time.perf_counter()
    work()
    alone = (time.perf_counter() - began) / 50
    threads = [threading.Thread(target=work) for _ in range(8)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = (time.perf_counter() - began) / 400
    return {"point_query_ms": alone * 1e3, "point_query_of_8_clients_ms": together * 1e3}


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
        return figures | {"cores": os.cpu_count() or 0}
    finally:
        server.stop()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_300_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), given.rows)
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}, indent=2))


if __name__ == "__main__":
    main()
