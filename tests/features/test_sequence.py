"""The anti-replay window against a set."""

import subprocess
import sys

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from features.sequence import (
    DUPLICATE,
    NEW,
    RING,
    STALE,
    WIDTH,
    accept,
    accept_event,
    event_hash,
    mark,
)
from tests.features.logs import event


def windows(count=1):
    found = np.zeros((count, WIDTH), np.int64)
    found[:, 0] = -1
    return found


class Model:
    def __init__(self):
        self.seen, self.top = set(), -1

    def accept(self, number):
        if number <= self.top - 256:
            return STALE
        if number in self.seen:
            return DUPLICATE
        self.seen.add(number)
        self.top = max(self.top, number)
        return NEW


moves = st.one_of(
    st.integers(-300, 300),
    st.sampled_from([1, 1, 1, 1, 0, -1, -255, -256, 63, 64, 255, 256, 320, 1 << 32]),
)
sequences = st.tuples(st.sampled_from([0, 5, 300, 1 << 32, (1 << 63) - 9_999]), st.lists(moves))


def numbers(start, steps):
    found, here = [start], start
    for step in steps:
        number = min(max(here + step, 0), (1 << 63) - 1)
        here = max(here, number)
        found.append(number)
    return found


@settings(max_examples=400, deadline=None)
@given(st.lists(sequences, min_size=1, max_size=3))
def test_window_is_a_set_of_256(plans):
    streams = [numbers(*plan) for plan in plans]
    shortest = min(len(stream) for stream in streams)
    table, models = windows(len(streams)), [Model() for _ in streams]
    for turn in range(shortest):
        now = [stream[turn] for stream in streams]
        wanted = [model.accept(number) for model, number in zip(models, now, strict=True)]
        assert accept(table, np.array(now)).tolist() == wanted
        assert table[:, 0].tolist() == [model.top for model in models]


@settings(max_examples=400, deadline=None)
@given(sequences, st.randoms(use_true_random=False))
def test_marking_all_at_once_is_accepting_one_by_one(plan, random):
    stream = numbers(*plan)
    wanted, found = windows(), windows()
    for number in stream:
        accept(wanted, np.array([number]))
    cut = random.randint(0, len(stream))
    for part in (stream[:cut], stream[cut:]):
        if part:
            mixed = np.array(part)
            random.shuffle(mixed)
            mark(found[0], mixed)
    for number in {n for base in stream for n in (base, base + 1, base - 1)} - {-1, 1 << 63}:
        here = accept(found.copy(), np.array([number]))
        assert here == accept(wanted.copy(), np.array([number]))


def test_the_last_32_events_are_known():
    ring = np.zeros(RING + 1, np.uint64)
    names = [event_hash(event("service", str(i))) for i in range(40)]
    assert all(accept_event(ring, name) for name in names)
    assert not any(accept_event(ring, name) for name in names[8:])
    assert accept_event(ring, names[0])


def test_an_events_hash_is_the_same_in_every_process():
    code = "from tests.features.logs import event; from features.sequence import event_hash;"
    code += "print(event_hash(event('fault_code', 'P0217')))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(run.stdout) == event_hash(event("fault_code", "P0217"))
    assert event_hash(event("fault_code", "P0218")) != int(run.stdout)
