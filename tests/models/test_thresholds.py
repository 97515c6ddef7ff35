"""Lines by costs, by capacity and by quiet: each does what it says."""

import numpy as np
import pytest

from features.profile import Costs
from models.alarms import Tally
from models.thresholds import (
    GRID,
    UNTRIED,
    Lines,
    capacity_lines,
    cheapest_lines,
    cost_line,
    lines_as_drawn,
    money,
    no_lines,
    quiet_lines,
)
from tests.features.logs import PROFILE

WEEKS = 1_000.0


def curve(scale=1.0, failures=50):
    """Lower lines catch more and cry wolf more."""
    return [
        Tally(line, round(scale * 60 * (line**-0.7 - 1)), round(scale * 12 * (1 / line - 1)),
              failures, round(failures * (1 - line**2)), WEEKS)
        for line in GRID
    ]  # fmt: skip


@pytest.fixture
def tried():
    return {"overheating": curve(), "flat_battery": curve(2.0)}


def test_a_check_is_worth_it_from_where_its_costs_break_even():
    costs = Costs(breakdown=1_000, planned_repair=200, unneeded_check=200)
    assert cost_line(costs) == 0.2
    line = cost_line(costs)
    assert line * (1_000 - 200) == pytest.approx((1 - line) * 200)
    assert cost_line(Costs(breakdown=100, planned_repair=200, unneeded_check=1)) == 1.0


def test_quiet_lines_keep_to_their_false_alarms_and_catch_the_most(tried):
    for limit in (0.5, 1.0, 3.0):
        found = quiet_lines(PROFILE, tried, limit)
        assert found.false_rate <= limit
        assert found.lines["overheating"] == found.lines["flat_battery"]
        lower = GRID[GRID.index(found.lines["overheating"]) - 1]
        assert lines_as_drawn(PROFILE, tried, dict.fromkeys(tried, lower)).false_rate > limit


def test_more_false_alarms_allowed_never_catch_less(tried):
    shares = [quiet_lines(PROFILE, tried, limit).caught_share for limit in (0.3, 1, 3, 10)]
    assert shares == sorted(shares)


def test_capacity_is_kept_and_money_made_of_it(tried):
    idle = no_lines(PROFILE, tried)
    spent = []
    for alerts in (8.0, 16.0, 40.0):
        found = capacity_lines(PROFILE, tried, alerts)
        assert found.alert_rate <= alerts
        spent.append(cost_of(found))
    assert spent == sorted(spent, reverse=True)
    assert spent[0] < cost_of(idle)
    assert cost_of(cheapest_lines(PROFILE, tried)) <= spent[-1]


def cost_of(lines: Lines):
    costs = {mode.name: mode.costs for mode in PROFILE.modes}
    return sum(money(costs[mode], tally) for mode, tally in lines.tallies.items())


def test_cheapest_is_the_least_of_all(tried):
    found = cheapest_lines(PROFILE, tried)
    for mode, tallies in tried.items():
        costs = PROFILE.mode(mode).costs
        best = min(money(costs, tally) for tally in tallies)
        assert money(costs, found.tallies[mode]) == best


def test_doing_nothing_is_every_breakdown(tried):
    costs = PROFILE.mode("overheating").costs
    assert money(costs, no_lines(PROFILE, tried).tallies["overheating"]) == 50 * costs.breakdown


def test_a_mode_without_a_curve_keeps_a_line_that_its_prior_never_reaches():
    found = quiet_lines(PROFILE, {"overheating": curve()}, 1.0)
    assert found.lines["flat_battery"] == UNTRIED
    assert quiet_lines(PROFILE, {}, 1.0).lines == dict.fromkeys(
        ("overheating", "flat_battery"), UNTRIED
    )


def test_lines_in_use_are_shown_as_the_nearest_that_was_tried(tried):
    found = lines_as_drawn(PROFILE, tried, {"overheating": 0.31, "flat_battery": 0.9})
    assert found.lines["overheating"] == 0.31
    near = found.tallies["overheating"].line
    assert abs(np.log(near / 0.31)) == min(abs(np.log(line / 0.31)) for line in GRID)
