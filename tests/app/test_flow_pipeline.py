"""The pipeline as a whole, with store, topics and log in memory."""

import pytest

from app.flow.persist import Stopping
from app.flow.score import Champion
from contracts.codec import decode_message, encode_message
from contracts.records import VehicleEvent
from features.expectation import Expectation
from features.state import StaleStateError
from features.vector import feature_names
from tests.app.stream_fixtures import (
    PERIOD,
    PROFILE,
    START,
    Bench,
    MemoryLog,
    Prior,
    frame,
    incoming,
    shifted_expectation,
)

NEUTRAL = Expectation.neutral(PROFILE)
NAMES = feature_names(PROFILE)


def champion(expectation=NEUTRAL, **more):
    return {PROFILE.name: Champion(Prior(NAMES, expectation, **more), expectation)}


def risks(bench):
    """What was published that holds a risk."""
    return [rows for rows in bench.published if rows.modes]


def log_of(count, vehicles=3):
    def records(at):
        turn = [frame(f"V{v}", at) for v in range(vehicles)]
        code = PROFILE.fault_codes[0].code
        event = VehicleEvent(
            "default", PROFILE.name, "V0", START + at * PERIOD + 1, "fault_code", code
        )
        return [*turn, event] if at % 2 == 0 else turn

    return [incoming(0, at, *records(at)) for at in range(count)]


def test_rows_are_those_of_one_undisturbed_run_wherever_it_crashes(tmp_path):
    log = log_of(24)
    whole = Bench(tmp_path / "whole", champions=champion())
    whole.pipeline.take(log)
    assert len(whole.store.rows["summaries"]) == 72
    assert len(whole.store.rows["events"]) == 12
    assert len(whole.store.rows["risk"]) == len(whole.store.rows["features"]) > 10

    store, committed = None, 0
    for crash in (5, 6, 13, 20, 24):
        bench = Bench(tmp_path / "crashing", store=store, champions=champion())
        store = bench.store
        for at in range(committed, crash, 2):
            bench.pipeline.take(log[at : min(at + 2, crash)])
            if at % 3 == 0:
                committed = bench.pipeline.snapshot().get(0, committed)
    assert store.rows == whole.store.rows
    assert committed > 0


def test_nothing_is_published_before_it_is_stored_nor_saved_before_both(tmp_path):
    bench = Bench(tmp_path, champions=champion())
    bench.store.away = 10_000
    bench.stop.set()
    with pytest.raises(Stopping):
        bench.pipeline.take(log_of(3))
    assert bench.published == []
    assert bench.pipeline.snapshot() == {}
    assert list(bench.snapshots.load(0)) == []
    assert bench.pipeline.next_offsets() == {}


def test_a_store_that_comes_back_gets_every_row_once(tmp_path):
    bench = Bench(tmp_path, champions=champion())
    bench.store.away = 2
    bench.pipeline.take(log_of(3))
    assert len(bench.store.rows["summaries"]) == 9
    assert bench.outages == ["the store"]
    assert sum(map(len, bench.published)) == len(bench.store.rows["risk"])


def test_poison_among_good_messages_becomes_dead_letters_with_its_bytes(tmp_path):
    bench = Bench(tmp_path, home=lambda vehicle: 1 if vehicle == "stranger" else 0)
    good, twice, stranger = frame("V0", 0), frame("V0", 0), frame("stranger", 0)
    bench.pipeline.take(
        [
            incoming(0, 0, payload=b"\xc1 torn"),
            incoming(0, 1, good, stranger, twice, frame("V1", 0)),
            incoming(0, 2, payload=encode_message([])[:0] or b"\x93"),
            incoming(0, 3, twice),
            incoming(0, 4, frame("V0", 1)),
        ]
    )
    assert sorted(bench.store.rows["summaries"]) == [("V0", 0), ("V0", 1), ("V1", 0)]
    found = [(x.offset, x.reason) for x in bench.refused]
    assert sorted(found) == [
        (0, "undecodable"),
        (1, "duplicate"),
        (1, "foreign_partition"),
        (2, "undecodable"),
        (3, "duplicate"),
    ]
    letters = {(x.offset, x.reason): x for x in bench.refused}
    assert letters[0, "undecodable"].payload == b"\xc1 torn"
    assert decode_message(letters[1, "foreign_partition"].payload) == [stranger]
    assert letters[1, "foreign_partition"].detail.startswith("record 2 of 4, vehicle 'stranger'")
    assert letters[3, "duplicate"].payload == incoming(0, 3, twice).payload
    assert {(x.topic, x.partition) for x in bench.refused} == {("telemetry", 0)}
    assert bench.count("refused", reason="duplicate") == 2
    assert len(bench.store.rows["letters"]) == 5


def test_a_damaged_snapshot_falls_back_to_its_predecessor(tmp_path):
    log = log_of(12)
    whole = Bench(tmp_path / "whole")
    whole.pipeline.take(log)
    bench = Bench(tmp_path / "parts")
    for at in (0, 4, 8):
        bench.pipeline.take(log[at : at + 4])
        committed = bench.pipeline.snapshot()
    assert committed == {0: 8}
    newest = max((tmp_path / "parts").rglob("*.snapshot"))
    newest.write_bytes(newest.read_bytes()[:-9])
    again = Bench(tmp_path / "parts", store=bench.store)
    again.pipeline.take(log[8:])
    assert again.pipeline.next_offsets() == {0: 12}
    assert bench.store.rows == whole.store.rows
    again.pipeline.snapshot()
    assert next(again.snapshots.load(0)) == next(whole_snapshot(whole))


def whole_snapshot(bench):
    bench.pipeline.snapshot()
    return bench.snapshots.load(0)


def test_what_was_passed_over_is_read_from_the_log_itself(tmp_path):
    """The commit is beyond every snapshot: the worker reads what lies between."""
    log = log_of(12)
    whole = Bench(tmp_path / "whole")
    whole.pipeline.take(log)
    bench = Bench(tmp_path / "late", log=MemoryLog(log))
    bench.pipeline.take(log[9:])
    assert bench.pipeline.next_offsets() == {0: 0}
    bench.now = 10.0
    bench.pipeline.tick()
    assert bench.pipeline.next_offsets() == {0: 12}
    assert bench.store.rows == whole.store.rows
    assert bench.count("lost_messages") == 0


def test_a_hole_in_the_log_is_passed_and_what_retention_took_is_counted(tmp_path):
    log = log_of(14)
    bench = Bench(tmp_path)
    bench.pipeline.take(log[:2])
    bench.log.messages = {m.offset: m for m in log if m.offset >= 5 and m.offset not in {7, 8}}
    bench.log.first = 5
    bench.pipeline.take(log[9:12])
    bench.now = 10.0
    bench.pipeline.tick()
    bench.pipeline.take(log[12:])
    assert bench.count("lost_messages") == 3
    assert {seq for _, seq in bench.store.rows["summaries"]} == {0, 1, 5, 6, *range(9, 14)}


def test_what_was_applied_is_skipped(tmp_path):
    bench = Bench(tmp_path)
    bench.pipeline.take(log_of(4))
    writes = bench.store.writes
    bench.pipeline.take(log_of(4))
    assert bench.store.writes == writes
    assert bench.count("skipped") == 4


def test_commit_trails_until_an_idle_worker_has_read_its_snapshot_back(tmp_path):
    bench = Bench(tmp_path)
    bench.pipeline.take(log_of(4))
    assert bench.pipeline.snapshot() == {}
    bench.pipeline.take(log_of(8)[4:])
    assert bench.pipeline.snapshot() == {0: 4}
    assert bench.pipeline.snapshot() == {0: 8}
    assert bench.pipeline.snapshot() == {}


def test_dropped_partitions_are_loaded_again_from_the_snapshot(tmp_path):
    bench = Bench(tmp_path)
    bench.pipeline.take(log_of(4))
    bench.pipeline.snapshot()
    bench.pipeline.take(log_of(6)[4:])
    bench.pipeline.drop([0])
    assert bench.pipeline.snapshot() == {}
    bench.pipeline.take(log_of(8)[3:])
    assert bench.pipeline.next_offsets() == {0: 8}
    assert len(bench.store.rows["summaries"]) == 24
    assert bench.count("refused", reason="duplicate") == 0


def test_an_empty_state_takes_the_champions_expectation_and_another_is_refused_later(tmp_path):
    other = shifted_expectation()
    assert other.id != NEUTRAL.id
    bench = Bench(tmp_path, champions=champion(other))
    log = log_of(12)
    bench.pipeline.take(log[:3])
    assert bench.published
    bench.published.clear()
    bench.pipeline.offer(champion(NEUTRAL, identity="prior-2"))
    bench.pipeline.take(log[3:8])
    assert risks(bench) == []
    features = len(bench.store.rows["features"])
    assert features > len(bench.store.rows["risk"])
    bench.pipeline.offer(champion(other, identity="prior-3"))
    bench.pipeline.take(log[8:])
    assert {rows.model for rows in risks(bench)} == {"prior-3"}


def test_vehicles_without_a_champion_are_heard_and_have_no_risk(tmp_path):
    bench = Bench(tmp_path)
    bench.pipeline.take(log_of(6))
    assert bench.store.rows["risk"] == {}
    assert risks(bench) == []
    (heard,) = bench.published
    keys = set(zip(heard.vehicle_id, heard.time_ms.tolist(), strict=True))
    assert keys == set(bench.store.rows["features"])
    assert heard.model == ""


def test_the_state_keeps_its_expectation_across_a_restart(tmp_path):
    other = shifted_expectation()
    first = Bench(tmp_path, champions=champion(other))
    first.pipeline.take(log_of(3))
    first.pipeline.snapshot()
    again = Bench(tmp_path, champions=champion(NEUTRAL), store=first.store)
    again.pipeline.take(log_of(8)[3:])
    assert risks(again) == []
    assert again.published
    fresh = Bench(tmp_path, champions=champion(other), store=first.store)
    fresh.pipeline.take(log_of(8)[3:])
    assert fresh.published


def test_a_state_of_another_engine_ends_the_worker_with_the_reason(tmp_path, monkeypatch):
    bench = Bench(tmp_path)
    bench.pipeline.take(log_of(3))
    bench.pipeline.snapshot()
    monkeypatch.setattr("features.state.ENGINE_VERSION", 99)
    with pytest.raises(StaleStateError, match="rebuild it from history"):
        Bench(tmp_path).pipeline.take(log_of(4)[3:])
