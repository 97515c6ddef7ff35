"""Holds contracts/catalogue.toml against an export of the COVESA Vehicle Signal Specification.

    python tools/check_vss.py --vss FOLDER                    what differs; exit code 1 if anything
    python tools/check_vss.py --vss FOLDER --entry Speed ...  entries for the catalogue, new ids

FOLDER holds vss.json or vss.json.gz as `vspec export json` writes it (or give the file itself). A
signal is an extension exactly when VSS lacks it; its unit is VSS's where VSS has one; whatever VSS
allows must be possible here; VSS must mean a number.
"""

import argparse
import gzip
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from contracts.catalogue import Signal, catalogue
from contracts.errors import DataError, TelltaleError

ROOT = "Vehicle"
_NUMBERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
NUMERIC = frozenset({*_NUMBERS, "float", "double"})

Leaf = Mapping[str, Any]


def load_leaves(path: Path) -> dict[str, Leaf]:
    """Signals of an export by their path below `Vehicle.`. Raises DataError."""
    files = [path / "vss.json", path / "vss.json.gz"] if path.is_dir() else [path]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        raise DataError(f"{path}: there is no vss.json or vss.json.gz; export VSS as JSON")
    try:
        raw = file.read_bytes()
        tree = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
        return dict(_leaves(tree[ROOT]["children"], ""))
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{file}: no VSS export in JSON ({error!r})") from error


def _leaves(children: Mapping[str, Any], above: str) -> Iterator[tuple[str, Leaf]]:
    for name, node in children.items():
        if node["type"] == "branch":
            yield from _leaves(node["children"], f"{above}{name}.")
        else:
            yield above + name, node


def differences(signals: Sequence[Signal], leaves: Mapping[str, Leaf]) -> list[str]:
    """What the catalogue says otherwise than VSS, a sentence each."""
    found: list[str] = []
    for signal in signals:
        leaf = leaves.get(signal.path)
        if leaf is None:
            if not signal.extension:
                found.append(f"{signal.path}: VSS has no such signal; mark it as an extension")
            continue
        found += [f"{signal.path}: {complaint}" for complaint in _complaints(signal, leaf)]
    ids = [signal.id for signal in signals]
    found += [f"id {id_} stands twice" for id_ in sorted({i for i in ids if ids.count(i) > 1})]
    return found


def _complaints(signal: Signal, leaf: Leaf) -> Iterator[str]:
    if signal.extension:
        yield "VSS has it; it is no extension"
    if leaf["datatype"] not in NUMERIC:
        yield f"VSS means {leaf['datatype']}, which is no number"
    if leaf.get("unit", signal.unit) != signal.unit:
        yield f"unit {signal.unit}; VSS has {leaf['unit']}"
    if leaf.get("min", signal.low) < signal.low:
        yield f"low {signal.low:g}; VSS allows {leaf['min']:g}"
    if leaf.get("max", signal.high) > signal.high:
        yield f"high {signal.high:g}; VSS allows {leaf['max']:g}"


def entry(path: str, id_: int, leaves: Mapping[str, Leaf]) -> str:
    """A catalogue entry for a VSS signal, its words still to be written. Raises DataError."""
    leaf = leaves.get(path)
    if leaf is None or leaf["datatype"] not in NUMERIC:
        raise DataError(f"{path}: VSS has no such number")
    lines = [
        "[[signal]]",
        f"id = {id_}",
        f'path = "{path}"',
        f'unit = "{leaf.get("unit", "ratio")}"',
        f"low = {leaf.get('min', 'LOWEST POSSIBLE')}",
        f"high = {leaf.get('max', 'HIGHEST POSSIBLE')}",
        'description = "IN OUR OWN WORDS"',
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--vss", type=Path, required=True, help="folder or file of the export")
    parser.add_argument("--entry", nargs="+", default=[], help="paths to print entries for")
    chosen = parser.parse_args(arguments)
    signals = list(catalogue().values())
    try:
        leaves = load_leaves(chosen.vss)
        first = max(signal.id for signal in signals) + 1
        for id_, path in enumerate(chosen.entry, first):
            print(entry(path, id_, leaves))
    except TelltaleError as error:
        print(error, file=sys.stderr)
        return 1
    if chosen.entry:
        return 0
    found = differences(signals, leaves)
    own = sum(signal.extension for signal in signals)
    print(*found, f"{len(signals)} signals, {own} of them extensions", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
