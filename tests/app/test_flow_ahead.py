"""What is computed ahead of what is stored."""

import threading

import pytest

from app.flow.ahead import Ahead
from app.flow.effects import Effects
from app.flow.persist import Stopping
from tests.app.stream_fixtures import Bench, MemoryStore, frame, incoming


def test_batches_are_settled_in_order_and_never_far_ahead():
    settled, gate = [], threading.Semaphore(0)

    def settle(effects):
        gate.acquire()
        settled.append(effects.messages)

    ahead = Ahead(settle, pytest.fail, limit=1)
    ahead.add(Effects(messages=1), [0])
    assert settled == []
    gate.release()
    ahead.add(Effects(messages=2), [0])
    assert settled == [1]
    gate.release()
    ahead.join()
    assert settled == [1, 2]
    ahead.close()


def test_what_could_not_be_settled_takes_with_it_what_came_after():
    dropped, gate = [], threading.Event()

    def settle(effects):
        gate.wait()
        if effects.messages == 1:
            raise Stopping("the store")

    ahead = Ahead(settle, dropped.extend, limit=2)
    ahead.add(Effects(messages=1), [3])
    ahead.add(Effects(messages=2), [4, 5])
    gate.set()
    with pytest.raises(Stopping):
        ahead.join()
    assert dropped == [3, 4, 5]
    ahead.join()
    ahead.close()


def test_a_state_ahead_of_the_store_is_never_saved(tmp_path):
    class Gate(MemoryStore):
        opened = threading.Event()

        def write_summaries(self, batch):
            self.opened.wait()
            super().write_summaries(batch)

    store = Gate()
    bench = Bench(tmp_path, store=store, ahead=1)
    bench.pipeline.take([incoming(0, 0, frame("V0", 0))])
    store.away = 10**6
    bench.stop.set()
    store.opened.set()
    with pytest.raises(Stopping):
        bench.pipeline.snapshot()
    assert bench.pipeline.snapshot() == {}
    assert list(bench.snapshots.load(0)) == []


def test_rows_and_snapshots_are_those_of_a_run_that_settles_at_once(tmp_path):
    benches = [Bench(tmp_path / str(ahead), ahead=ahead) for ahead in (0, 1)]
    for bench in benches:
        for at in range(12):
            bench.pipeline.take([incoming(0, at, frame("V0", at), frame("V1", at))])
        bench.pipeline.snapshot()
    one, other = benches
    assert one.store.rows == other.store.rows
    assert next(one.snapshots.load(0)) == next(other.snapshots.load(0))
