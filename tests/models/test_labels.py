"""Labels against a literal reading of what happened."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.labels import (
    REPAIR_LIMIT_MS,
    ModeCourse,
    courses,
    encode,
    is_broken,
    no_course,
    survived_bins,
)
from tests.features.logs import DAY, PROFILE, START
from tests.models.fleet import event

ENDS = np.array([7, 14, 30, 60, 90]) * DAY
moments = st.lists(st.integers(0, 300), max_size=6, unique=True).map(
    lambda days: np.array(sorted(days), np.int64) * DAY
)


def literal(course, time, known):
    """One label, by asking what happened in one bin after the other."""
    failed = min((t for t in course.failed if t > time), default=None)
    ended = min((t for t in course.ended if t > time), default=None)
    survived = 0.0
    start = 0
    for place, end in enumerate(ENDS.tolist()):
        if time + end > known:
            return survived
        first = failed if ended is None or (failed is not None and failed <= ended) else ended
        if first is not None and first <= time + end:
            if first == failed:
                return -(place + 1.0)
            sound = [t for t in course.sound if time + start < t <= ended]
            return place + 1.0 if sound else place + (ended - time - start) / (end - start)
        survived, start = place + 1.0, end
    return survived


@settings(max_examples=400)
@given(moments, moments, moments, st.integers(0, 300), st.integers(0, 330))
def test_a_label_is_what_a_literal_reading_gives(failed, ended, sound, day, known):
    course = ModeCourse(failed, ended, sound)
    time = np.array([day * DAY + DAY // 2])
    found = encode(course, time, ENDS, known * DAY)
    assert found[0] == pytest.approx(literal(course, int(time[0]), known * DAY), abs=1e-5)


@settings(max_examples=200)
@given(moments, moments, st.integers(0, 300), st.integers(0, 330), st.integers(1, 200))
def test_nothing_after_the_end_of_what_is_known_changes_a_label(failed, ended, day, known, later):
    time, until = np.array([day * DAY + 1]), known * DAY
    before = ModeCourse(failed[failed < until], ended[ended < until], np.empty(0, np.int64))
    future = np.sort(np.append(before.failed, until + later * DAY))
    whole = ModeCourse(future, before.ended, before.sound)
    assert encode(before, time, ENDS, until) == encode(whole, time, ENDS, until)


def test_near_the_end_failures_and_survivals_are_purged_alike():
    failed = ModeCourse(np.array([100 * DAY]), np.empty(0, np.int64), np.empty(0, np.int64))
    sound = no_course(PROFILE).modes["overheating"]
    times = np.array([92, 94, 97]) * DAY
    # At 92 the first bin is over at 99, at 94 and 97 it is not: nobody may look into it.
    assert encode(failed, times, ENDS, 100 * DAY).tolist() == [1.0, 0.0, 0.0]
    assert encode(sound, times, ENDS, 100 * DAY).tolist() == [1.0, 0.0, 0.0]


def test_weights_and_outcomes_of_bins():
    at_risk, failed = survived_bins(np.array([0.0, 1.25, 5.0, -1.0, -3.0], np.float32), 5)
    assert at_risk.tolist() == [
        [0, 0, 0, 0, 0],
        [1, 0.25, 0, 0, 0],
        [1, 1, 1, 1, 1],
        [1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0],
    ]
    assert np.argwhere(failed).tolist() == [[3, 0], [4, 2]]


def course_of(*events):
    return courses(PROFILE, events)["V1"]


def test_a_failure_ends_with_its_replacement_and_a_service_ends_a_sound_part():
    course = course_of(
        event("V1", START + 10 * DAY, "failure", "overheating"),
        event("V1", START + 12 * DAY, "replacement", "coolant_pump", reason="failure"),
        event("V1", START + 50 * DAY, "replacement", "coolant_pump", reason="service"),
        event("V1", START + 60 * DAY, "replacement", "battery", reason="renewal"),
    )
    assert course.modes["overheating"].failed.tolist() == [START + 10 * DAY]
    assert course.modes["overheating"].ended.tolist() == [START + 50 * DAY]
    assert course.modes["flat_battery"].ended.tolist() == [START + 60 * DAY]
    assert course.broken.tolist() == [[START + 10 * DAY, START + 12 * DAY]]
    times = START + np.array([9, 10, 11, 12]) * DAY
    assert is_broken(course, times).tolist() == [False, True, True, False]


def test_findings_count_by_their_outcome():
    course = course_of(
        event("V1", START + 5 * DAY, "finding", "overheating", outcome="other_part"),
        event("V1", START + 6 * DAY, "finding", "overheating", outcome="not_checked"),
        event("V1", START + 7 * DAY, "finding", "overheating", outcome="no_fault_found"),
        event("V1", START + 9 * DAY, "finding", "overheating", outcome="confirmed_part"),
        event("V1", START + 9 * DAY, "replacement", "coolant_pump"),
        event("V1", START + 20 * DAY, "failure", "flat_battery"),
        event("V1", START + 21 * DAY, "finding", "flat_battery", outcome="confirmed_part"),
    )
    overheating, battery = course.modes["overheating"], course.modes["flat_battery"]
    assert overheating.failed.tolist() == [START + 9 * DAY]
    assert overheating.ended.size == 0
    assert overheating.sound.tolist() == [START + 7 * DAY]
    assert battery.failed.tolist() == [START + 20 * DAY]  # the same one, seen twice


def test_a_failure_nobody_repaired_is_over_some_day():
    course = course_of(event("V1", START, "failure", "overheating"))
    assert course.broken.tolist() == [[START, START + REPAIR_LIMIT_MS]]


def test_a_part_changed_although_found_sound_survived_its_bin():
    none = np.empty(0, np.int64)
    ended = np.array([10 * DAY])
    plain = encode(ModeCourse(none, ended, none), np.array([0]), ENDS, 400 * DAY)
    sound = encode(ModeCourse(none, ended, np.array([9 * DAY])), np.array([0]), ENDS, 400 * DAY)
    assert plain.tolist() == pytest.approx([1 + 3 / 7])
    assert sound.tolist() == [2.0]
