"""All benchmarks, one after the other: `python -m benchmarks [NAME ...]`.

Prints each one's JSON and keeps it in benchmarks/results/NAME.json. Take them on a quiet machine.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

RUNS = {
    "engine": ("engine", "--json"),
    "store": ("store", "--json"),
    "scoring": ("scoring", "--json"),
    "pack": ("pack", "--json"),
    "stream": ("stream", "--json"),
    "stream-every": ("stream", "--score", "every", "--json"),
    "stream-unscored": ("stream", "--score", "none", "--json"),
    "stream-eight": ("stream", "--frames-per-message", "8", "--json"),
    "stream-1000-vehicles": ("stream", "--vehicles", "1000", "--json"),
    "stream-100000-vehicles": ("stream", "--vehicles", "100000", "--json"),
    "stream-single": ("stream", "--frames-per-message", "1", "--frames", "200000", "--json"),
    "stream-two-workers": ("stream", "--workers", "2", "--json"),
    "stream-four-workers": ("stream", "--workers", "4", "--json"),
    "latency": ("latency", "--json"),
    "alerts": ("alerts", "--json"),
    "replay": ("replay",),
    "training": ("training", "--rounds", "12", "--json"),
    "pages": ("pages", "--json"),
}
RESULTS = Path(__file__).parent / "results"


def chosen(given: Sequence[str] | None = None) -> list[str]:
    """The benchmarks that are named on the command line, else all."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m benchmarks", description=__doc__, formatter_class=raw
    )
    known = ", ".join(RUNS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {known}; all without")
    names: list[str] = parser.parse_args(given).names
    unknown = [name for name in names if name not in RUNS]
    if unknown:
        parser.exit(2, f"there is no benchmark {', '.join(unknown)}; choose from {known}\n")
    return names or list(RUNS)


def main() -> None:
    for name in chosen():
        module, *arguments = RUNS[name]
        line = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
        found = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603
        (RESULTS / f"{name}.json").write_text(found)
        print(f"{name}\n{found}")


if __name__ == "__main__":
    main()
