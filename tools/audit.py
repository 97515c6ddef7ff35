"""Asks for known vulnerabilities of every package of requirements.lock.

python tools/audit.py                   exit code 1 when one is known, 2 when it can't be told
python tools/audit.py --unreachable-ok  the same, but 0 when the advisory service doesn't answer
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).parents[1]
KNOWN: Final = 1
UNTOLD: Final = 2
_LIMIT_S: Final = 300


class Verdict(NamedTuple):
    """`code` to end with, and a sentence for whoever reads the log."""

    code: int
    text: str


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unreachable-ok", action="store_true")
    parser.add_argument("--lock", type=Path, default=ROOT / "requirements.lock")
    options = parser.parse_args()
    try:
        _ask(options.lock, "--dry-run")
    except subprocess.CalledProcessError as error:
        print(f"{options.lock.name} can't be audited: {_last_line(error.stderr)}", file=sys.stderr)
        sys.exit(UNTOLD)
    verdict = _answer(options.lock)
    print(verdict.text, file=sys.stderr)
    sys.exit(0 if verdict.code == UNTOLD and options.unreachable_ok else verdict.code)


def judge(report: str) -> Verdict:
    """What pip-audit's JSON says. A package that the service doesn't know was not looked at: where
    a mirror has no advisories, that is every one, and pip-audit still ends with success.
    """
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Verdict(UNTOLD, "The advisory service can't be reached: the lock is not audited.")
    known = [
        f"{package['name']} {package['version']}: {one['id']}, mended in "
        f"{', '.join(one['fix_versions']) or 'no version yet'}"
        for package in packages
        for one in package.get("vulns", ())
    ]
    if known:
        return Verdict(KNOWN, "\n".join(["Known vulnerabilities:", *known]))
    unseen = [package["name"] for package in packages if "skip_reason" in package]
    if unseen or not packages:
        text = f"The advisory service told nothing of {len(unseen)} of {len(packages)} packages."
        return Verdict(UNTOLD, text)
    return Verdict(0, f"None of {len(packages)} packages has a known vulnerability.")


def _answer(lock: Path) -> Verdict:
    try:
        return judge(_ask(lock))
    except subprocess.CalledProcessError as error:
        return judge(error.stdout)
    except subprocess.TimeoutExpired:
        return judge("")


def _ask(lock: Path, *words: str) -> str:
    """What pip-audit prints. Raises CalledProcessError, also when it has found something."""
    line = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", *words]
    line += ["--format", "json", "--progress-spinner", "off", "--requirement", str(lock)]
    done = subprocess.run(  # noqa: S603 (a line of our own)
        line, check=True, capture_output=True, text=True, timeout=_LIMIT_S
    )
    return done.stdout


def _last_line(text: str) -> str:
    return (text.strip() or "no reason given").splitlines()[-1]


if __name__ == "__main__":
    main()
