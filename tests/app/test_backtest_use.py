"""Hours of use are those that the frames stand for, however often a vehicle sends them."""

import numpy as np
import pytest

from app.backtest.use import hours_of_use

PERIOD = 900_000
MINUTE = 60_000


def test_a_frame_stands_for_what_usually_lies_between_two_and_no_more_than_the_period():
    drive = np.arange(60) * MINUTE
    minutely = np.concatenate([drive, drive + 86_400_000])
    seldom = np.arange(10) * 4 * PERIOD
    once = np.array([5])
    vehicles = ["often"] * 120 + ["seldom"] * 10 + ["once"]
    times = np.concatenate([minutely, seldom, once])
    shuffled = np.random.default_rng(1).permutation(len(times))
    found = hours_of_use([vehicles[place] for place in shuffled], times[shuffled], PERIOD)
    assert found == pytest.approx(2.0 + 2.5 + 0.25)


def test_nothing_sent_is_no_use():
    assert hours_of_use([], np.empty(0, np.int64), PERIOD) == 0
