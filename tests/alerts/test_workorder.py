"""Jobs of alerts, and the best day for them."""

from datetime import date, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given

from alerts.workorder import (
    FARTHEST_DAYS,
    REPAIR_MINUTES,
    Day,
    bearable_days,
    choose_day,
    jobs_of,
    minutes_of,
    use_by_weekday,
)
from contracts.risk import ModeRisk
from tests.alerts.logs import ALTERNATOR, BATTERY, INTERVAL, PROFILE, PUMP, START, Desk, score

MONDAY = date(2026, 3, 2)


def days(free, use=None, count=10):
    """Days from Monday on."""
    use = use or {}
    return [
        Day(MONDAY + timedelta(days=at), free.get(at, 960), use.get(at, 1 / 7))
        for at in range(count)
    ]


def test_several_alerts_become_one_visit_with_the_dearest_part_first():
    desk = Desk()
    hot = {PUMP: 0.3, BATTERY: 0.4, ALTERNATOR: 0.3}
    desk.take(*(score("V1", START + n * INTERVAL, **hot) for n in range(2)))
    jobs = jobs_of(PROFILE, [*desk.alerts.values(), *desk.alerts.values()])
    assert [job.mode for job in jobs] == [PUMP, ALTERNATOR, BATTERY]
    pump = PROFILE.mode(PUMP)
    assert jobs[0].checks == [(check.text, check.minutes) for check in pump.checks]
    assert jobs[0].alert_id in desk.alerts
    checks = sum(check.minutes for name in hot for check in PROFILE.mode(name).checks)
    assert minutes_of(jobs) == 3 * REPAIR_MINUTES + checks


@pytest.mark.parametrize(
    ("risk", "low", "high"),
    [
        ((0.5, 0.8, 0.9), 0.4, 0.6),
        ((0.05, 0.2, 0.5), 6.9, 7.1),
        ((0.01, 0.05, 0.2), 29.9, 30.1),
        ((0.0, 0.0, 0.05), 89.9, 90.0),
        ((0.0, 0.0, 0.0), 90.0, 90.0),
        ((1.0, 1.0, 1.0), 0.0, 0.1),
    ],
)
def test_the_riskier_the_sooner(risk, low, high):
    assert low <= bearable_days([ModeRisk("x", *risk)]) <= high


@given(
    st.lists(
        st.tuples(*[st.floats(0, 1)] * 3).map(lambda risk: ModeRisk("x", *sorted(risk))),
        min_size=1,
        max_size=5,
    )
)
def test_another_part_never_leaves_more_time(risks):
    found = bearable_days(risks)
    assert 0 <= found <= FARTHEST_DAYS
    assert bearable_days([*risks, ModeRisk("y", 0.1, 0.2, 0.3)]) <= found


def test_the_day_with_least_use_among_those_in_time_and_with_room():
    use = {0: 0.2, 1: 0.05, 2: 0.2, 3: 0.05, 4: 0.01}
    found = choose_day(days({1: 30}, use), 120, due=MONDAY + timedelta(days=3))
    assert (found.day, found.late) == (MONDAY + timedelta(days=3), False)
    assert "used little on a Thursday" in found.why
    assert choose_day(days({}, use), 120, due=MONDAY + timedelta(days=3)).day == MONDAY + timedelta(
        days=1
    )


def test_without_room_in_time_the_first_day_with_room_is_said_to_be_late():
    found = choose_day(days({0: 0, 1: 0}), 120, due=MONDAY + timedelta(days=1))
    assert (found.day, found.late) == (MONDAY + timedelta(days=2), True)
    assert "risk asks for 3 March" in found.why


def test_a_long_visit_takes_a_whole_free_day_and_a_full_workshop_none():
    assert choose_day(days({0: 500}), 5_000, due=MONDAY).day == MONDAY + timedelta(days=1)
    assert choose_day(days(dict.fromkeys(range(10), 0)), 60, due=MONDAY) is None
    assert choose_day([], 60, due=MONDAY) is None


def test_use_is_the_share_of_frames_a_weekday():
    assert use_by_weekday({1: 30, 6: 10}) == {1: 0.75, 6: 0.25} | dict.fromkeys((2, 3, 4, 5, 7), 0)
    assert use_by_weekday({})[3] == pytest.approx(1 / 7)
