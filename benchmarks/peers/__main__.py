"""The same frames through plain Faust, Quix Streams, Bytewax and us: `python -m benchmarks.peers`.

One broker, one topic, one worker each, one after the other. The peers do less than we do: decode,
summarise, a score of one model per vehicle and minute; we score four models, write summaries,
features and risk to the store and wait for it, and publish risk. Each peer is written as its
documentation shows. `--python` names the interpreter that has the extra `peers`.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

from app.settings import Settings, load_settings
from benchmarks.champion import promote_champion
from benchmarks.load import SAMPLES, fill, frames
from benchmarks.machine import machine, spent
from benchmarks.stream import INTERVALS, bench_profile, run
from contracts.topics import TELEMETRY
from infra.processes import Backbone

PEERS = {"Faust": "run_faust", "Quix Streams": "run_quix", "Bytewax": "run_bytewax"}
_PACKAGES = ("faust-streaming", "quixstreams", "bytewax")
_VERSIONS = (
    "import json; from importlib.metadata import version; "
    f"print(json.dumps({{name: version(name) for name in {_PACKAGES}}}))"
)
_LIMIT_S = 600


def measure(options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        profile = bench_profile(home / "profiles", INTERVALS["due"])
        settings = load_settings(home=home)
        with Backbone(settings.home, settings.kafka, settings.clickhouse):
            promote_champion(settings, profile)
            made = frames(profile, options.frames, options.vehicles, options.period_s)
            fill(settings, made, options.frames_per_message)
            rows = {name: _peer(script, settings, options) for name, script in PEERS.items()}
            own = run(settings, options)
    rows["Telltale"] = {key: own[key] for key in ("frames_per_second", "cpu_us_per_frame")}
    fastest = max(row["frames_per_second"] for name, row in rows.items() if name in PEERS)
    for row in rows.values():
        row["samples_per_second"] = row["frames_per_second"] * SAMPLES
    return {"rows": rows, "ratio": rows["Telltale"]["frames_per_second"] / fastest}


def _peer(script: str, settings: Settings, options: argparse.Namespace) -> dict[str, float]:
    broker = settings.broker()
    path = Path(str(files("benchmarks"))) / "peers" / f"{script}.py"
    line = [options.python, str(path), broker.bootstrap_servers, broker.topic(TELEMETRY)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(  # noqa: S603
        [*line, str(options.frames)],
        cwd=settings.home,
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{script} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    found = json.loads(next(x for x in done.stdout.splitlines() if x.startswith("{")))
    return {
        "frames_per_second": found["frames"] / found["seconds"],
        "cpu_us_per_frame": 1e6 * spent / found["frames"],
    }


def _versions(python: str) -> dict[str, str]:
    done = subprocess.run([python, "-c", _VERSIONS], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(
            f"{python} lacks one of {', '.join(_PACKAGES)}; install the extra `peers` into an "
            "environment of its own and name its interpreter with --python"
        )
    found: dict[str, str] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--frames-per-message", type=int, default=32)
    parser.add_argument("--vehicles", type=int, default=2_000)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--period-s", type=float, default=30)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    options.workers = 1
    peers = _versions(options.python)
    found = measure(options) | {"peers": peers, "options": vars(options) | {"python": ""}}
    if options.json:
        print(json.dumps(found | machine() | spent(), indent=2))
        return
    for name, row in found["rows"].items():
        print(f"{name:14}" + "".join(f" {key} {value:12,.1f}" for key, value in row.items()))
    print(f"Telltale against the fastest of them: {found['ratio']:.1f}x")


if __name__ == "__main__":
    main()
