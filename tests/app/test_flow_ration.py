"""A storm of poison is bounded, and nothing of it is forgotten."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.flow import ration
from app.flow.ration import LETTERS, SPANS, Spent, share
from contracts.dead_letters import DeadLetter
from tests.app.stream_fixtures import Bench, frame, incoming


def letter(offset, time_ms=0, size=1, reason="undecodable"):
    return DeadLetter(reason, str(offset), "telemetry", 0, offset, time_ms, bytes(size))


def test_what_is_over_the_measure_is_counted_with_its_offsets():
    letters = [letter(at) for at in range(LETTERS + 5)]
    letters += [letter(LETTERS + 9, reason="duplicate")]
    sent, (account,), _ = share(letters, Spent())
    assert [one.offset for one in sent] == list(range(LETTERS))
    assert account.count == account.bytes == 6
    assert account.reasons == {"undecodable": 5, "duplicate": 1}
    assert account.spans == [(LETTERS, LETTERS + 5), (LETTERS + 9, LETTERS + 10)]


def test_large_letters_are_measured_by_their_bytes(monkeypatch):
    monkeypatch.setattr(ration, "BYTES", 100)
    sent, (account,), _ = share([letter(at, size=40) for at in range(4)], Spent())
    assert (len(sent), account.count, account.bytes) == (2, 2, 80)


def test_a_new_minute_of_the_brokers_time_begins_anew():
    first, accounts, spent = share([letter(at) for at in range(LETTERS + 1)], Spent())
    later, none, _ = share([letter(at, 60_000) for at in range(LETTERS)], spent)
    assert (len(first), len(accounts), len(later), none) == (LETTERS, 1, LETTERS, [])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 40_000)), max_size=60),
    st.lists(st.integers(0, 60), max_size=5),
)
def test_the_same_letters_go_however_the_log_was_cut_into_batches(steps, cuts):
    offset, time_ms, letters = 0, 0, []
    for ahead, later in steps:
        offset, time_ms = offset + ahead, time_ms + later
        letters.append(letter(offset, time_ms))
    edges = [0, *sorted(min(cut, len(letters)) for cut in cuts), len(letters)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ration, "LETTERS", 3)
        patch.setattr(ration, "SPANS", 2)
        whole, accounts, end = share(letters, Spent())
        sent, newest, spent = [], {}, Spent()
        for start, stop in pairwise(edges):
            some, found, spent = share(letters[start:stop], spent)
            sent += some
            newest |= {one.minute_ms: one for one in found}
    assert (sent, spent) == (whole, end)
    assert newest == {one.minute_ms: one for one in accounts}
    held = {one.offset for one in letters} - {one.offset for one in sent}
    told = {at for one in accounts for span in one.spans for at in range(*span)}
    assert held <= told
    assert sum(one.count for one in accounts) == len(held)


def test_spans_stay_few_and_cover_everything():
    offsets = [at * at for at in range(LETTERS + 2 * SPANS)]
    _, (account,), _ = share([letter(at) for at in offsets], Spent())
    assert len(account.spans) == SPANS
    assert account.count == 2 * SPANS
    covered = {at for at in offsets if any(a <= at < b for a, b in account.spans)}
    assert covered == set(offsets[LETTERS:])


def test_a_storm_survives_a_restart_and_leaves_the_good_rows_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(ration, "LETTERS", 10)
    log = [
        incoming(0, at, frame("V0", at)) if at % 10 == 0 else incoming(0, at, payload=b"\xc1")
        for at in range(40)
    ]
    # One minute of the broker's time.
    log = [message._replace(time_ms=log[-10].time_ms) for message in log]
    whole = Bench(tmp_path / "whole")
    whole.pipeline.take(log)
    assert len(whole.store.rows["letters"]) == 10
    (account,) = whole.store.rows["withheld"].values()
    assert (account.count, account.reasons) == (26, {"undecodable": 26})
    assert (whole.count("withheld"), whole.count("refused", reason="undecodable")) == (26, 10)
    assert len(whole.store.rows["summaries"]) == 4

    first = Bench(tmp_path / "parts")
    first.pipeline.take(log[:17])
    first.pipeline.snapshot()
    first.pipeline.take(log[17:30])
    again = Bench(tmp_path / "parts", store=first.store)
    again.pipeline.take(log[17:])
    assert again.store.rows == whole.store.rows


def test_snapshots_from_before_there_was_a_measure_can_be_read(tmp_path):
    bench = Bench(tmp_path)
    bench.pipeline.take([incoming(0, 0, frame("V0", 0))])
    bench.pipeline.snapshot()
    offset, payload = next(bench.snapshots.load(0))
    old = msgspec.msgpack.decode(payload)
    del old["spent"]
    bench.snapshots.replace(0, offset, msgspec.msgpack.encode(old))
    again = Bench(tmp_path)
    again.pipeline.take([incoming(0, 1, frame("V0", 1))])
    assert again.pipeline.next_offsets() == {0: 2}
