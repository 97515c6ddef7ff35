"""Benchmarks are there under the names by which people are told to run them."""

import re
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


def test_what_people_are_told_to_run_is_there():
    named = {name for file in TOLD for name in re.findall(r"benchmarks\.(\w+)", file.read_text())}
    named |= {module for module, *_ in RUNS.values()}
    places = (ROOT / "benchmarks" / f"{name}{end}" for name in named for end in (".py", ""))
    assert named == {one.stem for one in places if one.exists()}
    assert "pages" in named
