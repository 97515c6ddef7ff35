"""docs/security.md says which test holds which attack; those tests exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "security.md").read_text().partition("| attack |")[2]
HELD = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def kept_in(file):
    tree = ast.parse((ROOT / file).read_text())
    return {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}


def test_every_attack_is_held_by_tests_that_exist():
    rows = [line for line in TABLE.splitlines()[2:] if line.startswith("| ")]
    assert len(rows) > 30
    assert [row for row in rows if not HELD.search(row)] == []
    named = HELD.findall(TABLE)
    missing = [f"{file}::{name}" for file, name in named if name not in kept_in(file)]
    assert missing == []
