"""Harm done to a stream under load, and what became of its rows: `python -m tests.faults`.

Prints a table; writes benchmarks/results/faults.json and docs/faults.md. Bounded: with everything
at full scale about two hours, of which the soak is one. Ends with 1 when a row didn't pass.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.faults import table
from tests.faults.families import SCENARIOS
from tests.faults.ground import Ground
from tests.faults.size import Size


def main():
    options = _options()
    size = Size(options.scale, options.time_scale)
    chosen = [one for one in SCENARIOS if _is_chosen(one.name, options)]
    rows = []
    with tempfile.TemporaryDirectory(prefix="faults-") as folder, Ground(Path(folder)) as ground:
        for scenario in chosen:
            rows += _play(scenario, ground, size, options)
    _say(f"{sum(row['passed'] for row in rows)} of {len(rows)} rows passed")
    return 0 if all(row["passed"] for row in rows) else 1


def _play(scenario, ground, size, options):
    found = []
    for outcome in scenario.play(ground, size):
        row = {"family": scenario.name, "order": SCENARIOS.index(scenario), **outcome.as_json()}
        found.append(row)
        _say(f"{table.lines([row])[-1]} {row['took_s']:.0f} s")
        if not row["passed"]:
            _say("\n".join(row["verdict"]))
    if not options.dry:
        table.document(table.merge(table.stamp(found, size)))
    return found


def _say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _is_chosen(name, options):
    return name not in options.without and (not options.only or name in options.only)


def _options():
    parser = argparse.ArgumentParser(description=__doc__)
    names = [one.name for one in SCENARIOS]
    parser.add_argument("--only", nargs="+", choices=names, default=[], metavar="NAME")
    parser.add_argument("--without", nargs="+", choices=names, default=[], metavar="NAME")
    parser.add_argument("--scale", type=float, default=1.0, help="factor of counts (200 kills ...)")
    parser.add_argument("--time-scale", type=float, default=1.0, help="factor of durations")
    parser.add_argument("--dry", action="store_true", help="write no files")
    parser.add_argument("--list", action="version", version="\n".join(names))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
