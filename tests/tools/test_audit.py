"""The audit fails for a vulnerability, and never says that all is well when nobody looked."""

import json
import os
import subprocess
import sys

import pytest

from tools.audit import ROOT

SOUND = {"name": "numpy", "version": "2.4.6", "vulns": []}
BAD = {"name": "jinja2", "version": "2.0", "vulns": [{"id": "X-1", "fix_versions": ["2.10.1"]}]}
SKIPPED = {"name": "typer", "skip_reason": "not found"}

STAND_IN = """
import sys
if "--dry-run" in sys.argv:
    sys.exit({unreadable!r})
print({report!r})
sys.exit({code})
"""


@pytest.fixture
def audit(tmp_path):
    def run(*words, report="", code=1, unreadable=""):
        text = STAND_IN.format(report=report, code=code, unreadable=unreadable or 0)
        (tmp_path / "pip_audit.py").write_text(text)
        done = subprocess.run(
            [sys.executable, ROOT / "tools" / "audit.py", *words],
            check=False,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(tmp_path)},
            cwd=tmp_path,
        )
        return done.returncode, done.stderr

    return run


def report(*packages):
    return json.dumps({"dependencies": packages, "fixes": []})


@pytest.mark.parametrize("words", [(), ("--unreachable-ok",)])
def test_a_known_vulnerability_fails(audit, words):
    code, told = audit(*words, report=report(SOUND, BAD, SKIPPED))
    assert code == 1
    assert "jinja2 2.0: X-1, mended in 2.10.1" in told


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "The advisory service can't be reached: the lock is not audited.\n"),
        # A mirror without advisories: pip-audit finds nothing and ends with success.
        (
            {"report": report(SKIPPED, SKIPPED), "code": 0},
            "The advisory service told nothing of 2 of 2 packages.\n",
        ),
    ],
)
def test_a_service_that_does_not_answer_is_told_in_one_sentence(audit, given, sentence):
    assert audit(**given) == (2, sentence)
    assert audit("--unreachable-ok", **given) == (0, sentence)


def test_a_lock_that_cannot_be_read_fails_also_where_the_service_may_be_away(audit):
    code, told = audit("--unreachable-ok", unreadable="no hash")
    assert (code, told) == (2, "requirements.lock can't be audited: no hash\n")


def test_a_sound_lock_passes(audit):
    code, told = audit(report=report(SOUND), code=0)
    assert (code, told) == (0, "None of 1 packages has a known vulnerability.\n")
