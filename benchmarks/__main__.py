"""All benchmarks, one after the other: `python -m benchmarks [NAME ...]`.

Prints each one's JSON and keeps it in benchmarks/results/NAME.json. Take them on a quiet machine.
"""

import subprocess
import sys
from pathlib import Path

RUNS = {
    "engine": ("engine", "--json"),
    "store": ("store",),
    "scoring": ("scoring", "--json"),
    "pack": ("pack", "--json"),
    "stream": ("stream", "--json"),
    "stream-every": ("stream", "--score", "every", "--json"),
    "stream-unscored": ("stream", "--score", "none", "--json"),
    "stream-single": ("stream", "--frames-per-message", "1", "--frames", "200000", "--json"),
    "stream-two-workers": ("stream", "--workers", "2", "--json"),
    "latency": ("latency", "--json"),
    "alerts": ("alerts", "--json"),
    "training": ("training",),
}
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    for name in sys.argv[1:] or RUNS:
        module, *arguments = RUNS[name]
        line = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
        found = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603
        (RESULTS / f"{name}.json").write_text(found)
        print(f"{name}\n{found}")


if __name__ == "__main__":
    main()
