"""Benchmarks are there under the names by which people are told to run them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import RUNS, chosen

ROOT = Path(__file__).parents[2]
TOLD = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "infra").rglob("*.yml")]


def test_without_names_all_are_taken():
    assert chosen([]) == list(RUNS)
    assert chosen(["pages", "store"]) == ["pages", "store"]


def test_an_unknown_name_is_one_sentence(capsys):
    with pytest.raises(SystemExit) as ended:
        chosen(["pagez"])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said.startswith("there is no benchmark pagez; choose from engine, ")
    assert said.count("\n") == 1


def test_help_says_what_there_is(capsys):
    with pytest.raises(SystemExit) as ended:
        chosen(["--help"])
    assert ended.value.code == 0
    assert "stream-two-workers" in capsys.readouterr().out


@pytest.mark.parametrize("module", sorted({module for module, *_ in RUNS.values()}))
def test_each_takes_json_and_says_on_what_and_by_which_command(module):
    text = (ROOT / "benchmarks" / f"{module}.py").read_text()
    assert '"--json"' in text
    assert "machine()" in text
    assert "spent()" in text


def test_the_command_can_be_run_again(tmp_path):
    text = "from benchmarks.machine import machine; print(machine()['command'])"
    (tmp_path / "shown.py").write_text(text)
    line = [sys.executable, "-m", "shown", "--json", "--name", "a b"]
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    found = subprocess.run(line, env=env, capture_output=True, text=True, check=True).stdout
    assert found == "python -m shown --json --name 'a b'\n"


def test_what_people_are_told_to_run_is_there():
    named = {name for file in TOLD for name in re.findall(r"benchmarks\.(\w+)", file.read_text())}
    named |= {module for module, *_ in RUNS.values()}
    places = (ROOT / "benchmarks" / f"{name}{end}" for name in named for end in (".py", ""))
    assert named == {one.stem for one in places if one.exists()}
    assert "pages" in named
