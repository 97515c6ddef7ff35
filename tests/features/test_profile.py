"""Profiles with mistakes: each gets one sentence with file, key and what is allowed."""

import re

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from contracts.errors import ProfileError
from features.profile import builtin_profile, load_profile, parse_profile, profile_names

GOOD = """
name = "pump"
label = "Pump"
version = 1
frame_period = "1h"
score_interval = "6h"
half_lives = ["3h", "12h", "2d", "10d"]
baseline = "7d"

[[signals]]
path = "Machine.Pressure"
label = "pressure"
centre = 100
scale = 10

[[modes]]
name = "seal"
label = "Seal"
part = "seal"
consequence = 3
costs = { breakdown = 900, planned_repair = 180, unneeded_check = 25 }
checks = [{ text = "Look for drops", minutes = 5 }]
"""
SECOND = GOOD[GOOD.index("[[modes]]") :].replace('"seal"', '"shaft"')

MISTAKES = [
    ("", "", "missing required field `name`"),
    ("version = 1", "version = 1\ncolour = 1", "unknown field `colour`; allowed are name, label,"),
    ("scale = 10", "scale = 10\nsize = 1", "`$.signals[0]`; allowed are path, centre, scale"),
    ("breakdown = 900", "breakage = 900", "`$.modes[0].costs`; allowed are breakdown,"),
    ("minutes = 5", "hours = 5", "allowed are text, minutes"),
    ("version = 1", 'version = "1"', "Expected `int`, got `str` - at `$.version`"),
    ("consequence = 3", "consequence = 7", "`$.modes[0].consequence`; allowed are 1, 2, 3, 4, 5"),
    ('name = "pump"', 'name = "Pump 1"', "name: 'Pump 1'; give 1 to 64 of a-z"),
    ('name = "seal"', 'name = ""', "modes..name: give 1 to 64 of a-z"),
    ('"7d"', '"a week"', "baseline: 'a week' is not a duration; write a number and s, min, h or d"),
    ('"6h"', '"0h"', "score_interval: must be longer than 0"),
    ('"3h", ', "", "half_lives: give four durations, shortest first"),
    ('"3h", "12h"', '"12h", "3h"', "half_lives: give four durations, shortest first"),
    ("version = 1", "version = 1\nhazard_bins = []", "hazard_bins: give one or more durations"),
    ("version = 1", "version = 1\nsurprise = -1", "surprise: -1 must be a number above 0"),
    ("version = 1", "version = 1\nrul_cap = nan", "rul_cap: nan must be 0 (no cap) or above"),
    ("Machine.Pressure", "Machine.Presure", "'Machine.Presure' is not in contracts/catalogue.toml"),
    ("scale = 10", "scale = 0", "signals[0].scale: 0 must be a number above 0"),
    ("scale = 10", "scale = nan", "signals[0].scale: nan must be a number above 0"),
    ("centre = 100", "centre = inf", "signals[0].centre: inf must be a number"),
    ("scale = 10", "scale = 10\nlow_limit = nan", "leave it out where there is none"),
    ("scale = 10", "scale = 10\nlow_limit = 2\nhigh_limit = 1", "2 must be below high_limit, 1"),
    ("breakdown = 900", "breakdown = -1", "modes.seal.costs: breakdown must be 0 or above"),
    ("breakdown = 900", "breakdown = inf", "modes.seal.costs: breakdown must be 0 or above"),
    ("minutes = 5", "minutes = -5", "modes.seal.checks: minutes must be 0 or above"),
    ('[{ text = "Look for drops", minutes = 5 }]', "[]", "give at least one first check"),
    ("consequence = 3", 'consequence = 3\nsignals = ["Speed"]', "Speed not among [[signals]]"),
    ("consequence = 3", 'consequence = 3\nfault_codes = ["P1"]', "P1 not among [[fault_codes]]"),
    ("consequence = 3", 'consequence = 3\nparents = ["motor"]', "motor not among [[modes]]"),
    ("consequence = 3", 'consequence = 3\nparents = ["seal"]', "it is its own parent"),
]


def refusal(text):
    with pytest.raises(ProfileError) as caught:
        parse_profile(text if isinstance(text, bytes) else text.encode(), "mine.toml")
    return str(caught.value)


@pytest.mark.parametrize("name", profile_names())
def test_the_profiles_that_come_along_are_sound(name):
    assert builtin_profile(name).name == name


def test_a_sound_profile_passes():
    assert parse_profile(GOOD.encode(), "mine.toml").mode("seal").part == "seal"
    assert parse_profile((GOOD + SECOND).encode(), "mine.toml").parts == ("seal", "shaft")


@pytest.mark.parametrize(("good", "bad", "sentence"), MISTAKES)
def test_a_mistake_gets_a_sentence(good, bad, sentence):
    found = refusal(GOOD.replace(good, bad) if good else bad)
    assert found.startswith("mine.toml: ")
    assert sentence in found
    assert "\n" not in found


def test_doubles_and_circles_are_found():
    assert "modes.name: seal stands more than once" in refusal(
        GOOD + SECOND.replace("shaft", "seal")
    )
    signal = GOOD[GOOD.index("[[signals]]") : GOOD.index("[[modes]]")]
    assert "signals.path: Machine.Pressure stands more than once" in refusal(GOOD + signal)
    circle = GOOD.replace("consequence = 3", 'consequence = 3\nparents = ["shaft"]')
    circle += SECOND.replace("consequence = 3", 'consequence = 3\nparents = ["seal"]')
    assert "modes.seal.parents: it is its own parent, by way of seal, shaft" in refusal(circle)
    line = GOOD + SECOND.replace("consequence = 3", 'consequence = 3\nparents = ["seal"]')
    assert parse_profile(line.encode(), "mine.toml").mode("shaft").parents == ["seal"]


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (GOOD.encode("utf-16"), "mine.toml: "),
        (GOOD.replace("Pump", "Pömpe").encode("latin-1"), "not UTF-8 text"),
        (GOOD.encode() + b"[[", "mine.toml: "),
        (b"a = " + b"[" * 5_000, "lists in lists"),
        (b"name = '\x00'", "mine.toml: "),
    ],
)
def test_what_is_no_toml_is_said(raw, sentence):
    assert sentence in refusal(raw)


def test_a_file_that_can_not_be_read_is_said(tmp_path):
    with pytest.raises(ProfileError, match="give the path of a profile's TOML file"):
        load_profile(tmp_path / "none.toml")
    with pytest.raises(ProfileError, match="can't be read"):
        load_profile(tmp_path)
    file = tmp_path / "pump.toml"
    file.write_text(GOOD)
    assert load_profile(file).name == "pump"


def test_unknown_names_come_with_the_known_ones():
    with pytest.raises(ProfileError, match=r"no profile 'ship'; there are car-combustion, "):
        builtin_profile("ship")
    with pytest.raises(ProfileError, match=r"no failure mode 'wing'; it has comp1, comp2"):
        builtin_profile("machine").mode("wing")


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_stands_in_a_profile_it_is_sound_or_refused(data):
    lines = GOOD.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        key = lines[at].partition(" = ")[0]
        value = data.draw(
            st.sampled_from(
                ["nan", "inf", "-1", "0", "1e400", '""', "[]", "{}", "true", "'x'", "["]
            )
            | st.floats().map(str)
            | st.integers().map(str)
        )
        lines[at] = data.draw(st.sampled_from([f"{key} = {value}", "", lines[at] + value]))
    try:
        profile = parse_profile("\n".join(lines).encode(), "mine.toml")
    except ProfileError as error:
        assert re.match(r"mine\.toml: .", str(error))  # noqa: PT017 (either is right)
    else:
        assert min(profile.frame_period_ms, profile.score_interval_ms, profile.baseline_ms) > 0
        assert profile.signals[0].scale > 0
