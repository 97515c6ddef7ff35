"""The outbox: what comes in once goes out once, over crashes too."""

import contextlib
import sqlite3

import pytest
from msgspec.structs import replace

from alerts.routing import GROUP_WAIT_MS, Route, entries
from contracts.errors import DataError
from infra.notify.outbox import Outbox
from tests.alerts.logs import HOUR
from tests.alerts.test_routing import NOON, notices


def due(now_ms=NOON, target="hook", vehicle="V1"):
    route = [Route(target)]
    changes = notices(0.3, 0.3, vehicle=vehicle)
    return [one for notice in changes for one in entries(notice, route, now_ms)]


@pytest.fixture
def box(tmp_path):
    made = Outbox(tmp_path / "deep" / "outbox.sqlite")
    yield made
    made.close()


LATER = NOON + 60_000


def test_a_notice_comes_in_once_for_each_target(box):
    assert box.add(due()) == 1
    assert box.add(due()) == 0
    assert box.add(due(target="chat")) == 1
    assert box.gather(NOON) == 0
    assert box.gather(LATER) == 2
    assert box.gather(LATER) == 0
    found = box.due(LATER)
    assert sorted(one.target for one in found) == ["chat", "hook"]
    assert [one.change.step for one in box.notices(found[0].delivery_id)] == ["opened"]


def test_what_people_call_the_vehicle_is_kept(box):
    (opened,) = due()
    box.add([replace(opened, notice=replace(opened.notice, plate="AB-123-CD"))])
    box.gather(LATER)
    (kept,) = box.notices(box.due(LATER)[0].delivery_id)
    assert kept == replace(opened.notice, plate="AB-123-CD")


def test_what_was_answered_is_never_due_again_even_if_it_comes_in_again(box):
    box.add(due())
    box.gather(LATER)
    delivery = box.due(LATER)[0]
    box.answered(delivery.delivery_id, "answered 204")
    box.again(delivery.delivery_id, "late thought", LATER)
    box.add(due())
    box.gather(LATER + 10**9)
    assert box.due(LATER + 10**9) == []
    assert box.listed()[0].state == "answered"


def test_what_is_due_together_is_one_message_with_one_id(tmp_path):
    ids = []
    for name in ("a", "b"):
        box = Outbox(tmp_path / name)
        changes = notices(0.3, 0.9, 0.9)
        box.add(one for notice in changes for one in entries(notice, [Route("hook")], NOON))
        assert box.gather(LATER) == 1
        ids.append(box.due(LATER)[0].delivery_id)
        box.close()
    assert ids[0] == ids[1]


def later(entry, now_ms, **more):
    """The same once more, as another change, due a group's wait after then."""
    change = replace(entry.notice.change, version=entry.notice.change.version + 9)
    notice = replace(entry.notice, change=change)
    return replace(entry, notice=notice, **({"due_ms": now_ms + GROUP_WAIT_MS} | more))


def test_what_has_to_wait_does_not_go_with_what_is_due_before(box):
    (held,) = due(target="hook")
    box.add([replace(held, due_ms=LATER + HOUR), later(held, NOON, due_ms=LATER)])
    assert box.gather(LATER) == 1
    found = box.due(LATER)[0]
    assert [one.change.version for one in box.notices(found.delivery_id)] == [11]
    assert (box.waiting(), box.gather(LATER + HOUR - 1)) == (1, 0)
    assert box.gather(LATER + HOUR) == 1


def test_what_happens_within_half_a_minute_is_one_message(box):
    (first,) = due()
    box.add([first])
    box.add([later(first, NOON + GROUP_WAIT_MS - 1)])
    assert box.gather(NOON + GROUP_WAIT_MS - 1) == 0
    assert box.gather(NOON + GROUP_WAIT_MS) == 1
    assert box.waiting() == 0


def test_one_message_a_target_is_tried_at_a_time_the_longest_waiting_first(box):
    box.add(due(vehicle="V1"))
    box.gather(LATER)
    box.add(due(vehicle="V2"))
    box.gather(LATER + 1)
    first = box.due(LATER + 1)
    assert [box.notices(one.delivery_id)[0].alert.vehicle_id for one in first] == ["V1"]
    assert box.due(LATER + 1, busy=("hook",)) == []
    box.again(first[0].delivery_id, "answered 500", LATER + 5_000)
    second = box.due(LATER + 1)
    assert box.notices(second[0].delivery_id)[0].alert.vehicle_id == "V2"


def test_what_is_old_and_done_is_forgotten_and_what_is_not_is_kept(box):
    box.add(due(vehicle="V1"))
    box.gather(LATER)
    box.answered(box.due(LATER)[0].delivery_id, "answered 204")
    box.add(due(vehicle="V2"))
    box.gather(LATER)
    box.forget(LATER + 1)
    assert [one.state for one in box.listed()] == ["pending"]


def test_a_file_that_is_none_of_ours_is_said(tmp_path):
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(DataError, match="move it away"):
        Outbox(path)


def test_the_outbox_survives_a_crash_after_each_step(tmp_path):
    """Every step is on disk when its call returns: another reader sees it at once."""
    path = tmp_path / "outbox.sqlite"
    box = Outbox(path)

    def seen():
        with contextlib.closing(sqlite3.connect(path)) as other:
            entries_ = other.execute("SELECT count(*) FROM entries").fetchone()[0]
            return entries_, other.execute("SELECT state, tries FROM deliveries").fetchall()

    box.add(due())
    assert seen() == (1, [])
    box.gather(LATER)
    assert seen() == (1, [("pending", 0)])
    box.again(box.due(LATER)[0].delivery_id, "answered 500", LATER)
    assert seen() == (1, [("pending", 1)])
    box.answered(box.due(LATER)[0].delivery_id, "answered 204")
    assert seen() == (1, [("answered", 2)])
    box.close()
