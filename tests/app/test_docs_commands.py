"""What the documents tell people to type is there."""

import re
import shlex
from pathlib import Path

import pytest

from tests.app.test_cli_mistakes import COMMANDS

ROOT = Path(__file__).parents[2]
LINES = [
    pytest.param(line, id=line)
    for line in re.findall(
        r"^telltale (.+)$", (ROOT / "docs" / "models.md").read_text(), re.MULTILINE
    )
]


@pytest.mark.parametrize("line", LINES)
def test_a_command_of_the_models_page_exists_with_its_options(line):
    words = shlex.split(line, comments=True)
    command = COMMANDS.get(tuple(words[:2])) or COMMANDS.get(tuple(words[:1]))
    assert command, line
    known = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_the_page_covers_a_models_whole_life():
    told = {tuple(line.values[0].split()[:2]) for line in LINES}
    models = {("models", name) for name in ("compare", "promote", "withdraw", "rollback")}
    assert models <= told
    assert {"train", "thresholds", "backtest", "drift"} <= {first for first, _ in told}
