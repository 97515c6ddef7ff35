"""Answers that many readers share: asked once, and never from before a change."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from app.api.kept import Kept
from app.api.looks import Looks
from contracts.errors import UnavailableError


@pytest.fixture
def clock(monkeypatch):
    now = SimpleNamespace(s=100.0)
    for module in ("app.api.kept", "app.api.looks"):
        monkeypatch.setattr(f"{module}.time", SimpleNamespace(monotonic=lambda: now.s))
    return now


class Store:
    """Answers with how often it was asked; waits for `gate` where one is given."""

    def __init__(self, gate=None):
        self.gate, self.asked = gate, 0

    def ask(self):
        self.asked += 1
        if self.gate:
            assert self.gate.wait(10)
        return self.asked


def look(looks, store, tenant="a", key="fleet"):
    return looks.get(tenant, key, store.ask)


def test_readers_who_come_within_a_second_share_an_answer(clock):
    looks, store = Looks(), Store()
    assert look(looks, store) == 1
    clock.s += 0.9
    assert look(looks, store) == 1
    clock.s += 0.2
    assert look(looks, store) == 2


def test_an_answer_from_before_a_change_is_not_shared(clock):
    looks, store = Looks(), Store()
    look(looks, store)
    clock.s += 0.1
    looks.forget("b")
    assert look(looks, store) == 1
    looks.forget("a")
    assert look(looks, store) == 2


def test_an_answer_that_was_begun_before_a_change_is_not_shared_either(clock):
    looks, store = Looks(), Store()

    def ask():
        clock.s += 0.2
        looks.forget("a")
        return store.ask()

    looks.get("a", "fleet", ask)
    assert look(looks, store) == 2


def test_nothing_crosses_tenants_or_keys():
    looks, store = Looks(), Store()
    found = [look(looks, store, *place) for place in [("a", 1), ("b", 1), ("a", 2), ("a", 1)]]
    assert found == [1, 2, 3, 1]


def test_only_the_answers_used_last_are_held():
    looks, store = Looks(most=2), Store()
    for key in (1, 2, 1, 3):
        look(looks, store, key=key)
    assert (look(looks, store, key=1), look(looks, store, key=2)) == (1, 4)


def test_a_store_that_is_away_is_told_and_asked_again():
    looks, store = Looks(), Store()

    def away():
        raise UnavailableError("the store is away")

    with pytest.raises(UnavailableError):
        looks.get("a", "fleet", away)
    assert look(looks, store) == 1


@pytest.mark.parametrize("kept", ["looks", "kept"])
def test_of_readers_who_come_at_once_one_asks(kept):
    store = Store(threading.Event())
    shared = Looks(keep_s=60) if kept == "looks" else Kept(60, 60)
    given = ("a", "fleet") if kept == "looks" else ("a",)
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(shared.get, *given, store.ask) for _ in range(8)]
        while not store.asked:
            time.sleep(0.001)
        store.gate.set()
        assert {one.result(10) for one in found} == {1}
    assert store.asked == 1


def test_a_stale_answer_is_given_while_it_is_asked_anew(clock):
    kept, store = Kept(1, 10), Store()
    assert kept.get("a", store.ask) == 1
    clock.s += 2
    assert kept.get("a", store.ask) == 1
    end = time.monotonic() + 10
    while kept.get("a", store.ask) == 1 and time.monotonic() < end:
        time.sleep(0.001)
    assert (kept.get("a", store.ask), store.asked) == (2, 2)


def test_an_answer_that_is_too_old_is_waited_for(clock):
    kept, store = Kept(1, 10), Store()
    kept.get("a", store.ask)
    clock.s += 11
    assert kept.get("a", store.ask) == 2


@pytest.mark.parametrize(
    ("takes_s", "asked"), [(0.5, [100.0, 105.5, 111.0]), (4.0, [100.0, 111.0]), (0.0, None)]
)
def test_what_takes_long_is_asked_less_often_but_never_kept_too_long(clock, takes_s, asked):
    kept, began = Kept(60, 10), []

    def ask():
        began.append(clock.s)
        clock.s += takes_s

    seen = []
    while clock.s < 112:
        seen.append(clock.s)
        kept.get("fleet", ask, keep_s=0.9)
        clock.s += 1.0
    assert began == (asked or seen)
