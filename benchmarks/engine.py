"""What the feature engine costs: `python -m benchmarks.engine [--json] [--vehicles N]`.

Frames of 30 samples x 20 signals (profile truck-diesel), one process, process CPU time.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np

from app.flow.image import read_image, write_image
from app.flow.partition import Engines, Partition
from benchmarks.machine import machine, spent
from contracts.batches import Summaries
from contracts.codec import decode_message, encode_message, make_frame
from contracts.records import Frame
from features.engine import Engine
from features.expectation import Expectation, fit_expectation
from features.profile import Profile, builtin_profile
from features.replay import rebuild, replay
from features.state import PartitionState
from features.summary import Reducer
from infra.snapshots import FolderSnapshots

START = 1_700_000_000_000
SAMPLES = 30
BATCH = 2_048
ROUNDS = 4
PERIOD = 900_000
DAY = 86_400_000


def seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def values(profile: Profile, count: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    signals = profile.signals
    drawn = 0.3 * random.standard_normal((count, len(signals)))
    found = np.array([s.centre for s in signals]) + drawn * [s.scale for s in signals]
    low, high = [s.spec.low for s in signals], [s.spec.high for s in signals]
    return np.clip(found, low, high).astype(np.float32)


def frames(profile: Profile, vehicles: int, turn: int) -> list[Frame]:
    samples = values(profile, vehicles * SAMPLES, turn).reshape(vehicles, SAMPLES, -1)
    return [
        make_frame(
            profile=profile.name,
            vehicle_id=f"V{i:06d}",
            seq=turn,
            start_ms=START + turn * PERIOD,
            signals=profile.signal_ids,
            offsets_ms=np.arange(SAMPLES) * 2_000,
            samples=samples[i],
        )
        for i in range(vehicles)
    ]


def elapsed(work: Callable[[], object]) -> float:
    """By the wall's clock: a disk is waited for."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def stream(
    profile: Profile, expectation: Expectation, vehicles: int
) -> tuple[dict[str, float], PartitionState]:
    engine, state = Engine({profile.name: profile}, {profile.name: expectation}), PartitionState()
    sums = {"decode": 0.0, "summarise": 0.0, "step": 0.0}
    reducer = Reducer(profile)
    first_step = 0.0
    for turn in range(ROUNDS + 1):
        drawn = frames(profile, vehicles, turn)
        for start in range(0, vehicles, BATCH):
            part = drawn[start : start + BATCH]
            payloads = [encode_message(part[i : i + 32]) for i in range(0, len(part), 32)]
            decode = seconds(lambda sent=payloads: [decode_message(one) for one in sent])
            times = [START + turn * PERIOD] * len(part)
            summarise = seconds(lambda batch=part: reducer.reduce(batch))
            step = seconds(lambda batch=part, at=times: engine.step(state, batch, at))
            if turn:
                sums["decode"] += decode
                sums["summarise"] += summarise
                sums["step"] += step
            else:
                first_step += step
    found = {f"{name}_us": 1e6 * total / vehicles / ROUNDS for name, total in sums.items()}
    found["step_scored_us"] = 1e6 * first_step / vehicles
    found["step_frames_per_second"] = 1e6 / found["step_us"]
    size = sum(array.nbytes for array in state.arrays().values())
    return found | {"state_bytes_per_vehicle": size / vehicles}, state


def snapshot(profile: Profile, expectation: Expectation, state: PartitionState) -> dict[str, float]:
    """All vehicles as one partition, to a folder with its checksum and back."""
    engines = Engines({profile.name: profile})
    partition = Partition(0, 1, engines, {profile.name: expectation})
    partition.state = state
    size = len(write_image(partition))
    with tempfile.TemporaryDirectory() as folder:
        shelf = FolderSnapshots(folder)
        return {
            "snapshot_write_s": elapsed(lambda: shelf.save(0, 1, write_image(partition))),
            "snapshot_load_s": elapsed(
                lambda: [read_image(payload, 0, engines) for _, payload in shelf.load(0)]
            ),
            "snapshot_mb": size / 1e6,
        }


def history(profile: Profile, vehicles: int, count: int) -> Summaries:
    means = values(profile, vehicles * count, 1)
    stats = np.stack(
        [np.full_like(means, SAMPLES), means, means * 0.01, means * 0.99, means * 1.01, means],
        axis=-1,
    )
    return Summaries(
        profile.name,
        ["default"] * len(means),
        [f"V{i:06d}" for i in range(vehicles) for _ in range(count)],
        np.tile(START + np.arange(count) * PERIOD, vehicles),
        np.tile(np.arange(count), vehicles),
        stats,
    )


def past(profile: Profile, expectation: Expectation, vehicles: int) -> dict[str, float]:
    rows = history(profile, vehicles, 400)

    def thinned() -> None:
        for _ in replay(profile, expectation, rows, [], min_gap_ms=DAY):
            pass

    daily, whole = seconds(thinned), seconds(lambda: rebuild(profile, expectation, rows, []))
    return {
        "replay_us": 1e6 * daily / len(rows),
        "replay_summaries_per_second": len(rows) / daily,
        "rebuild_summaries_per_second": len(rows) / whole,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--vehicles", type=int, default=20_000)
    chosen = parser.parse_args()
    profile = builtin_profile("truck-diesel")
    expectation = fit_expectation(profile, values(profile, 20_000, 0))
    figures: dict[str, object] = {
        "vehicles": chosen.vehicles,
        "samples": SAMPLES,
        "signals": len(profile.signals),
    }
    streamed, state = stream(profile, expectation, chosen.vehicles)
    figures |= streamed | snapshot(profile, expectation, state) | past(profile, expectation, 512)
    figures |= machine() | spent()
    if chosen.json:
        json.dump(figures, sys.stdout)
        print()
        return
    for name, figure in figures.items():
        text = f"{figure:,.2f}" if isinstance(figure, float) else figure
        print(f"{name:32} {text}")


if __name__ == "__main__":
    main()
