"""Tables on a terminal, and in a pipe."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest

from app.cli.modes import print_modes
from app.cli.output import print_table

LONG = "The coolant temperature runs 9 °C above what load and weather explain, rising over 15 days"
PRINTS = f"""
from app.cli.modes import print_modes
from app.cli.output import print_table
print_table("Alerts", ("id", "what", "days"), [("a1", {LONG!r}, 7), ("a2", "short", 1204)])
"""


@pytest.fixture
def environment():
    """Without a width that somebody asked for."""
    return {name: value for name, value in os.environ.items() if name != "COLUMNS"}


def piped(environment):
    command = [sys.executable, "-c", PRINTS]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_what_is_piped_is_not_cut(environment):
    rows = [line for line in piped(environment) if "a1" in line or "a2" in line]
    assert [LONG in row for row in rows] == [True, False]
    assert ["7" in row.split("│")[-2] for row in rows] == [True, False]
    assert len(rows[0]) < len(LONG) + 40


def test_a_figure_that_nothing_could_be_told_of_is_a_dash(capsys):
    print_table("Failures", ("mode", "AUC", "line"), [("comp4", float("nan"), None)])
    shown = capsys.readouterr().out
    assert shown.count("—") == 2
    assert "nan" not in shown


def test_a_width_that_is_asked_for_is_kept(environment):
    assert max(map(len, piped(environment | {"COLUMNS": "50"}))) <= 50


def test_a_terminal_shows_no_line_longer_than_itself(environment):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    command = [sys.executable, "-c", PRINTS]
    subprocess.run(command, env=environment, stdin=theirs, stdout=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 65_536).decode()
    os.close(ours)
    assert "a1" in shown
    assert LONG not in shown


def test_a_model_without_parts_is_told_by_its_title_alone(capsys):
    print_modes("small-1: 71 rows of 80 vehicles", [])
    assert capsys.readouterr().out == "small-1: 71 rows of 80 vehicles\n"
