"""The golden figures kept in benchmarks/results are of the commands that they name, and hold."""

import json

import pytest

from benchmarks import golden

NAMES = [*golden.DATA, *golden.FLEETS]
TOLERANCE = 0.02
"""Relative: sums of floats differ between processors, and so do trees near a tie."""
QUICKEST = "evaluate-battery"


def kept(name):
    return json.loads((golden.RESULTS / f"{name}.json").read_text())


def assert_alike(found, wanted, key=""):
    """Equal but for the tolerance of numbers with a fraction."""
    if isinstance(wanted, dict):
        assert found.keys() == wanted.keys(), key
        for name in wanted:
            assert_alike(found[name], wanted[name], name)
    elif isinstance(wanted, float):
        assert found == pytest.approx(wanted, rel=TOLERANCE), key
    else:
        assert found == wanted, key


@pytest.mark.parametrize("name", NAMES)
def test_every_evaluation_is_kept_with_its_command_and_commit(name):
    found = kept(name)
    assert found["command"] == " ".join(["telltale", *golden.command_of(name)])
    assert found["commit"]
    assert "dirty" not in found["commit"]
    assert found["figures"]


@pytest.mark.parametrize(("name", "error", "width"), [("fd001", 9.7, 31), ("fd002", 9.8, 33)])
def test_remaining_life_is_as_good_as_was_asked(name, error, width):
    figures = kept(f"evaluate-cmapss-{name}")["figures"]
    assert figures["rmse_capped"] <= error
    assert 0.87 <= figures["coverage_90"] <= 0.93
    # Half as wide as what quantile regression gave on the same subsets.
    assert figures["width_90"] <= width


def test_machines_and_battery_are_as_good_as_was_asked():
    some = kept("evaluate-machines")["figures"]["any"]
    assert some["average_precision"] >= 0.65
    assert some["auc"] >= 0.975
    assert 0.8 <= some["expected_over_observed"] <= 1.25
    assert kept("evaluate-battery")["figures"]["rmse_points"] <= 2.5


def test_the_healthy_car_is_left_in_peace_but_not_by_silence():
    figures = kept("evaluate-healthy")["figures"]
    assert figures["alerts_per_1000_h"] <= 10
    assert figures["caught_share"] > 0.6


@pytest.mark.data
def test_the_quickest_comes_out_the_same_again(data_dir):
    wanted, found = kept(QUICKEST)["figures"], golden.figures(QUICKEST, data_dir)
    assert_alike(found, wanted)
