"""A state that can't be had any more is refused by name, never silently begun anew."""

import pytest

from features.state import StaleStateError
from tests.app.stream_fixtures import Bench, MemoryLog, frame, incoming


def log_from(start, count):
    return [incoming(0, at, frame("V0", at)) for at in range(start, start + count)]


def test_without_a_snapshot_and_the_logs_beginning_the_state_is_refused(tmp_path):
    log = log_from(5, 3)
    bench = Bench(tmp_path, log=MemoryLog(log), committed=5)
    with pytest.raises(StaleStateError, match=r"partition 0 has no snapshot .* starts at 5 only"):
        bench.pipeline.take(log)
    assert bench.store.writes == 0


def test_a_new_installation_begins_where_the_log_does(tmp_path):
    log = log_from(5, 3)
    bench = Bench(tmp_path, log=MemoryLog(log))
    bench.pipeline.take(log)
    assert bench.pipeline.next_offsets() == {0: 8}


def test_a_whole_log_gives_the_state_again_whatever_was_committed(tmp_path):
    log = log_from(0, 3)
    bench = Bench(tmp_path, log=MemoryLog(log), committed=3)
    bench.pipeline.take(log)
    assert bench.pipeline.next_offsets() == {0: 3}


def test_a_snapshot_beyond_the_logs_end_is_of_another_log(tmp_path):
    bench = Bench(tmp_path)
    bench.pipeline.take(log_from(0, 6))
    bench.pipeline.snapshot()
    anew = Bench(tmp_path, log=MemoryLog(log_from(0, 2)))
    anew.log.last = 2
    with pytest.raises(StaleStateError, match="stands at 6, but its log ends at 2"):
        anew.pipeline.take(log_from(0, 2))
