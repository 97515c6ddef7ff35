"""What the stream drains: `python -m benchmarks.stream --frames-per-message 32 --vehicles 20000`.

A topic filled beforehand with frames of 30 samples (1 Hz) x 20 signals of profile truck-diesel, a
real broker, the store in a process of its own, real worker processes. Measured from when each
worker had a batch to the last row that the store acknowledged, summaries, features and risk.

`--score due` scores a vehicle once a minute of event time, `every` every frame, `none` never; by
four modes of 300 trees of depth 6. `--workers 2` shares the partitions between two processes.
"""

import argparse
import json
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import psutil

from app.settings import Settings, load_settings
from benchmarks.champion import promote_champion
from benchmarks.load import drain, fill, frames, stored, workers
from benchmarks.machine import cpu_s, machine, spent
from features.profile import Profile, builtin_profile, load_profile
from infra.processes import Backbone

PROFILE = "truck-diesel"
INTERVALS = {"due": "60s", "every": "1s", "none": "60s"}


def bench_profile(folder: Path, interval: str) -> Profile:
    """The built-in profile with another score interval, as a file that the workers load."""
    source = Path(str(files("features"))) / "profiles" / f"{PROFILE}.toml"
    usual = f'score_interval = "{builtin_profile(PROFILE).score_interval}"'
    text = source.read_text().replace(usual, f'score_interval = "{interval}"')
    folder.mkdir()
    path = folder / f"{PROFILE}.toml"
    path.write_text(text)
    return load_profile(path)


def others_cpu(backbone: Backbone) -> dict[str, float]:
    parts = {"broker": backbone.broker, "store": backbone.store}
    return {
        name: cpu_s(psutil.Process(part.child.pid))
        for name, part in parts.items()
        if part and part.child
    }


def measure(options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        profile = bench_profile(home / "profiles", INTERVALS[options.score])
        settings = load_settings(home=home)
        with Backbone(settings.home, settings.kafka, settings.clickhouse) as backbone:
            if options.score != "none":
                promote_champion(settings, profile)
            made = frames(profile, options.frames, options.vehicles, options.period_s)
            fill(settings, made, options.frames_per_message)
            before = others_cpu(backbone)
            found = run(settings, options)
            for name, spent in others_cpu(backbone).items():
                found[f"{name}_cpu_us_per_frame"] = 1e6 * (spent - before[name]) / options.frames
            return found | stored(settings, options.frames)


def run(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    profiles = str(settings.home / "profiles")
    with workers(settings, options.workers, "--profile-dir", profiles) as running:
        return drain(running, options.frames, lambda: stored(settings, options.frames)["lost"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames-per-message", type=int, default=32)
    parser.add_argument("--vehicles", type=int, default=20_000)
    parser.add_argument("--frames", type=int, default=600_000)
    parser.add_argument("--period-s", type=float, default=30, help="event time between frames")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--score", choices=sorted(INTERVALS), default="due")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options) | {"options": vars(options)} | machine() | spent()
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name:26} {value:,.1f}" if isinstance(value, float) else f"{name:26} {value}")


if __name__ == "__main__":
    main()
