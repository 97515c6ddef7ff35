"""The results as JSON and as a table, kept from run to run: a scenario's newest row stays."""

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

RESULTS = Path("benchmarks/results/faults.json")
DOCUMENT = Path("docs/faults.md")
_HEAD = (
    "scenario",
    "faults",
    "events in",
    "rows expected",
    "found",
    "lost",
    "doubled",
    "wrong",
    "recovered in s (limit)",
    "passed",
)


@cache
def commit():
    """The commit that is checked out, with a mark when there are changes beside it. Asked once:
    the results that a run writes are no changes.
    """
    line = ["git", "describe", "--always", "--dirty", "--abbrev=10"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def stamp(rows, size):
    """Rows with where and when they were taken."""
    found = {
        "commit": commit(),
        "taken": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[1], 1),
        "python": platform.python_version(),
        "counts": size.counts,
        "time": size.time,
    }
    return [row | {"run": found} for row in rows]


def merge(rows, path=RESULTS):
    """Put the rows into the file, in the place of those of the same family."""
    known = json.loads(path.read_text())["rows"] if path.exists() else []
    families = {row["family"] for row in rows}
    kept = [row for row in known if row["family"] not in families]
    whole = sorted(kept + rows, key=lambda row: (row["order"], row["scenario"]))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"rows": whole}, indent=1) + "\n")
    return whole


def lines(rows):
    """The rows as a table in Markdown."""
    found = ["| " + " | ".join(_HEAD) + " |", "|" + "---|" * len(_HEAD)]
    return found + ["| " + " | ".join(map(str, _cells(row))) + " |" for row in rows]


def document(rows, path=DOCUMENT):
    """Write the page of docs/ that the table stands on."""
    text = path.read_text() if path.exists() else "# Faults\n\n"
    head, _, _ = text.partition(_MARK)
    runs = sorted({(row["run"]["commit"], row["run"]["taken"][:10]) for row in rows})
    told = ", ".join(f"`{name}` ({day})" for name, day in runs)
    body = [
        _MARK,
        "",
        f"Taken at commit {told}; `benchmarks/results/faults.json` says which row when.",
        "",
    ]
    path.write_text(head + "\n".join([*body, *lines(rows)]) + "\n")


_MARK = "<!-- Written by python -m tests.faults -->"


def _cells(row):
    counts = (row["faults"], row["events"], row["expected"], row["found"])
    figures = [f"{number:,}" for number in counts]
    harm = [row["lost"], row["doubled"], row["wrong"]]
    passed = "yes" if row["passed"] else "**no**"
    if row["caught"] is not None:
        passed = f"caught: {row['notes']['caught by']}" if row["caught"] else "**not caught**"
    return [row["scenario"], *figures, *harm, _recovery(row), passed]


def _recovery(row):
    found = row["recovery_s"]
    if not found:
        return ""
    told = (
        f"{found[0]:.0f}" if len(found) == 1 else f"{found[len(found) // 2]:.0f}, {found[-1]:.0f}"
    )
    return f"{told} ({row['recovery_limit_s']:.0f})"
