"""What training costs: `python -m benchmarks.training [--rows N] [--days N] [--rounds N]`.

Prints one JSON object with two parts, each measured in processes of their own.

- `training`: models/training.py on a table of N rows x 201 features with 6 failure modes. Every
  row is one to learn from (100 rows a vehicle, four days apart), the trees come from an iterator
  matrix, 5 folds and all as `telltale train` has them. The modes are fitted side by side with one
  thread each and a matrix each, so the memory is that of six cores; on fewer cores the wall clock
  is longer than a mode's own seconds of processor (`core_seconds_a_mode`, mean).
- `replay`: see benchmarks/replay.py.

The rows are made here, by dice: a part's wear rises over 60 days before it fails and moves six
features; how well it is found means nothing.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from benchmarks.machine import machine, peak_mb, spent
from benchmarks.replay import measure_replay
from contracts.batches import Flags
from features.expectation import Expectation
from features.profile import Profile, builtin_profile
from features.vector import feature_names
from models.grow import LocalGrower, Split, Trees
from models.labels import Course, ModeCourse
from models.spool import Spool
from models.table import DAY_MS, Scope, Table, label_rows
from models.training import LEARN_EVERY_DAYS, Options, train_on

START = 1_600_000_000_000 // DAY_MS // 4 * 4 * DAY_MS
ROWS_A_VEHICLE = 100
MEAN_LIFE_DAYS = 1_500.0
WEAR_MS = 60 * DAY_MS
NOTHING = np.empty(0, np.int64)


def narrow_profile() -> Profile:
    """A truck of 13 signals, 6 modes and 13 fault codes: 201 features."""
    whole = builtin_profile("truck-diesel")
    return msgspec.structs.replace(
        whole,
        signals=whole.signals[:13],
        modes=whole.modes[:6],
        fault_codes=whole.fault_codes[:13],
    )


def lives(profile: Profile, vehicles: int, rng: np.random.Generator) -> list[Course]:
    """When each part of each vehicle failed, within the time of its rows."""
    days = ROWS_A_VEHICLE * LEARN_EVERY_DAYS
    found = []
    for _ in range(vehicles):
        modes = {}
        for mode in profile.modes:
            failed = np.cumsum(30 + rng.exponential(MEAN_LIFE_DAYS, 8))
            times = START + (failed[failed < days] * DAY_MS).astype(np.int64)
            modes[mode.name] = ModeCourse(times, NOTHING, NOTHING)
        found.append(Course(modes, np.empty((0, 2), np.int64)))
    return found


def made_table(profile: Profile, rows: int) -> Table:
    rng = np.random.default_rng(7)
    vehicles = rows // ROWS_A_VEHICLE
    names, courses = feature_names(profile), lives(profile, vehicles, rng)
    moved = [rng.choice(len(names), 6, replace=False) for _ in profile.modes]
    times = START + np.arange(ROWS_A_VEHICLE) * LEARN_EVERY_DAYS * DAY_MS
    spool = Spool(len(names))
    for course in courses:
        part = rng.standard_normal((ROWS_A_VEHICLE, len(names)), np.float32)
        for mode, columns in zip(profile.modes, moved, strict=True):
            for failed in course.modes[mode.name].failed.tolist():
                near = np.clip(1 - (failed - times) / WEAR_MS, 0, 1) * (times <= failed)
                part[:, columns] += 3 * near[:, None] ** 2
        spool.append(part)
    count = vehicles * ROWS_A_VEHICLE
    until = int(times[-1]) + 1
    vehicle, time_ms = np.repeat(np.arange(vehicles), ROWS_A_VEHICLE), np.tile(times, vehicles)
    return Table(
        profile,
        names,
        tuple(f"V{place:06d}" for place in range(vehicles)),
        spool,
        np.arange(count),
        vehicle,
        time_ms,
        label_rows(profile, courses, vehicle, time_ms, until),
        tuple(courses),
        Scope("default", START, until),
        count,
    )


@dataclass
class Spent:
    """What all growers used: seconds of processor, by thread, and rounds of boosting."""

    matrix_s: float = 0.0
    grow_s: float = 0.0
    rounds: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, grow_s: float, rounds: int) -> None:
        """One forest more."""
        with self.lock:
            self.grow_s += grow_s
            self.rounds += rounds


class Clocked:
    """The product's own grower with a clock beside it."""

    def __init__(self, spent: Spent, table: Table, learn: Flags) -> None:
        began = time.thread_time()
        self._spent, self._grower = spent, LocalGrower(table, learn)
        spent.matrix_s += time.thread_time() - began

    def grow(self, trees: Trees, split: Split, rounds: int) -> tuple[Any, list[float]]:
        """See models/grow.py."""
        began = time.thread_time()
        found = self._grower.grow(trees, split, rounds)
        self._spent.add(time.thread_time() - began, len(found[1]) or rounds)
        return found


def train_part(rows: int, rounds: int) -> dict[str, Any]:
    profile, spent = narrow_profile(), Spent()
    table = made_table(profile, rows)
    made = peak_mb(os.getpid()) / 1024
    modes = len(profile.modes)
    options = Options(trees=Trees(jobs=modes, rounds=rounds))
    began, processor = time.perf_counter(), time.process_time()
    _, record = train_on(
        table,
        Expectation.neutral(profile),
        options,
        growers=lambda part, learn: Clocked(spent, part, learn),
    )
    wall_s, core_s = time.perf_counter() - began, time.process_time() - processor
    return {
        "rows": len(table),
        "features": len(table.names),
        "modes": modes,
        "failures": [one.failures for one in record.modes],
        "most_rounds": rounds,
        "rounds": {one.mode: one.rounds for one in record.modes},
        "core_seconds": core_s,
        "core_seconds_a_mode": spent.grow_s / modes,
        "core_seconds_a_round": spent.grow_s / spent.rounds,
        "matrix_core_seconds": spent.matrix_s / modes,
        "wall_seconds": wall_s,
        "peak_memory_gib": peak_mb(os.getpid()) / 1024,
        "memory_before_training_gib": made,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training")
    parser.add_argument("--rows", type=int, default=1_000_000, help="Rows to learn from.")
    parser.add_argument("--rounds", type=int, default=Trees().rounds, help="At most, a forest.")
    parser.add_argument("--days", type=int, default=30, help="Of the shortest history.")
    parser.add_argument("--here", action="store_true", help="Train in this process, and no more.")
    parser.add_argument("--json", action="store_true", help="As it prints anyway.")
    given = parser.parse_args()
    if given.here:
        print(json.dumps(train_part(given.rows, given.rounds)))
        return
    sizes = ("--rows", str(given.rows), "--rounds", str(given.rounds))
    line = [sys.executable, "-m", "benchmarks.training", "--here", *sizes]
    trained = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    found = {"training": json.loads(trained.stdout), "replay": measure_replay(given.days)}
    print(json.dumps(machine() | found | spent(), indent=2))


if __name__ == "__main__":
    main()
