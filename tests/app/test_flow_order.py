"""The order rule, the trail of commits and the persistence, without Kafka."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.flow.message import Incoming
from app.flow.order import PATIENCE_S, Cursor
from app.flow.persist import Persistence, Stopping
from app.flow.trail import Trail
from contracts.errors import UnavailableError


def message(offset):
    return Incoming(0, offset, 0, b"")


def offsets(messages):
    return [message.offset for message in messages]


def test_below_is_skipped_equal_applied_above_dropped():
    cursor = Cursor(5)
    due = cursor.take(map(message, [3, 4, 5, 6, 9, 7]), 0.0)
    assert offsets(due) == [5, 6, 7]
    assert (cursor.next, cursor.above) == (8, 9)


@settings(max_examples=400)
@given(st.data())
def test_whatever_is_redelivered_every_offset_is_applied_once_and_in_order(data):
    """Rewinds to any earlier offset and leftovers from ahead, as rebalances and kills make them."""
    cursor, applied, end = Cursor(0), [], 40
    while cursor.next < end:
        start = data.draw(st.integers(0, cursor.next))
        stop = data.draw(st.integers(cursor.next, end))
        leftovers = data.draw(st.lists(st.integers(0, end - 1), max_size=4))
        batch = leftovers + list(range(start, max(stop, cursor.next + 1)))
        applied += offsets(cursor.take(map(message, batch), 0.0))
    assert applied == list(range(end))


def test_only_a_lasting_hole_makes_it_stuck():
    cursor = Cursor(5)
    assert not cursor.is_stuck(1e9)
    cursor.take([message(8)], 100.0)
    assert not cursor.is_stuck(100.0 + PATIENCE_S - 0.1)
    assert cursor.is_stuck(100.0 + PATIENCE_S)
    cursor.take([message(5)], 111.0)
    assert not cursor.is_stuck(111.0 + PATIENCE_S - 0.1)
    assert cursor.is_stuck(111.0 + PATIENCE_S)
    cursor.take(map(message, [6, 7, 8]), 130.0)
    assert not cursor.is_stuck(1e9)


def test_later_drops_do_not_start_the_patience_anew():
    cursor = Cursor(5)
    for second in range(12):
        cursor.take([message(8 + second)], float(second))
    assert cursor.is_stuck(11.0)


def test_what_the_log_lacks_is_passed_and_what_it_lost_is_counted():
    cursor = Cursor(5)
    cursor.take([message(20)], 0.0)
    assert cursor.skip_to(9) == 4
    assert cursor.skip_to(3) == 0
    due = cursor.take_from_log(map(message, [9, 12, 13]), 15, 1.0)
    assert (offsets(due), cursor.next) == ([9, 12, 13], 15)


def test_commits_trail_one_snapshot_behind_and_never_go_back():
    trail = Trail()
    assert [trail.saved(10), trail.saved(20), trail.saved(30)] == [None, 10, 20]
    assert trail.proven() == 30
    assert trail.proven() is None
    assert trail.saved(40) is None
    assert Trail(7).saved(9) == 7


def test_a_call_is_repeated_until_it_succeeds_and_an_outage_told_once():
    outages, tries = [], []

    def work():
        tries.append(1)
        if len(tries) < 3:
            raise UnavailableError("away")

    Persistence(threading.Event(), on_outage=outages.append).until_done("the store", work)
    assert (len(tries), outages) == (3, ["the store"])


def test_however_long_something_is_away_it_is_tried_again_soon():
    waits = []

    class Calm(threading.Event):
        def wait(self, timeout=None):
            waits.append(timeout)
            return len(waits) == 12

    def work():
        raise UnavailableError("away")

    with pytest.raises(Stopping):
        Persistence(Calm()).until_done("the store", work)
    assert waits[:4] == [0.2, 0.4, 0.8, 1.6]
    assert set(waits[4:]) == {2.0}


def test_a_stop_ends_the_waiting():
    stop = threading.Event()
    stop.set()

    def work():
        raise UnavailableError("away")

    with pytest.raises(Stopping):
        Persistence(stop).until_done("the store", work)
