"""Openings and tallies against a literal walk through a vehicle's risks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.alarms import CLEAR_SHARE, Series
from models.labels import ModeCourse
from tests.features.logs import DAY

NONE = np.empty(0, np.int64)
levels = st.sampled_from([0.05, 0.2, 0.3, 0.45, 0.6, 0.9])
days = st.lists(st.integers(0, 200), max_size=4, unique=True)


def walk(times, risk, changes, line):
    """Where an alert opens, one row after the other."""
    is_open, opened, before = False, [], None
    for index, (time, value) in enumerate(zip(times, risk, strict=True)):
        if before is None or any(before <= change < time for change in changes):
            is_open = False
        if not is_open and value >= line:
            is_open = True
            opened.append(index)
        elif is_open and value < CLEAR_SHARE * line:
            is_open = False
        before = time
    return opened


@settings(max_examples=300)
@given(
    st.lists(st.lists(levels, min_size=1, max_size=40), min_size=1, max_size=4),
    st.data(),
    st.sampled_from([0.25, 0.5, 0.9]),
)
def test_alerts_open_where_a_literal_walk_opens_them(risks, data, line):
    courses, vehicle, times, wanted = [], [], [], []
    for number, risk in enumerate(risks):
        failed = np.array(sorted(data.draw(days)), np.int64) * DAY
        ended = np.array(sorted(data.draw(days)), np.int64) * DAY
        own = np.arange(len(risk)) * DAY + DAY // 2
        courses.append(ModeCourse(failed, ended, NONE))
        opened = walk(own.tolist(), risk, [*failed.tolist(), *ended.tolist()], line)
        wanted += [len(vehicle) + place for place in opened]
        vehicle += [number] * len(risk)
        times += own.tolist()
    series = Series(np.array(vehicle), np.array(times), courses, 400 * DAY)
    found = series.openings(np.array([r for risk in risks for r in risk], np.float32), line)
    assert np.flatnonzero(found).tolist() == wanted


def tally_of(failed, high_days, *, ended=(), until=400, line=0.5):
    """A vehicle's tally: risk is high on some days of 300, low on the others."""
    times = np.arange(300) * DAY
    risk = np.full(300, 0.01, np.float32)
    risk[list(high_days)] = 0.9
    course = ModeCourse(np.array(failed) * DAY, np.array(ended, np.int64) * DAY, NONE)
    return Series(np.zeros(300, np.int64), times, [course], until * DAY).tally(risk, line)


def test_an_early_alert_catches_a_late_one_does_not():
    early = tally_of([150], range(140, 150))
    late = tally_of([150], range(148, 150))
    assert (early.alerts, early.caught, early.false_alarms, early.failures) == (1, 1, 0, 1)
    assert (late.alerts, late.caught, late.false_alarms) == (1, 0, 0)


def test_an_alert_without_a_failure_in_time_is_false():
    assert tally_of([250], range(100, 120)).false_alarms == 1
    assert tally_of([159], range(100, 120)).false_alarms == 0


def test_alerts_whose_outcome_is_not_known_yet_do_not_count():
    assert tally_of([500], range(290, 299), until=330).alerts == 0
    assert tally_of([500], range(100, 120), until=330).alerts == 1


def test_rates_are_per_week_and_hundred_vehicles():
    tally = tally_of([500], [50, 100], until=300)
    assert tally.alerts == tally.false_alarms == 2
    assert tally.weeks == pytest.approx(240 / 7)
    assert tally.false_rate == pytest.approx(200 / (240 / 7))
