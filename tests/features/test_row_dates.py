"""A vehicle's rows have dates that rise: a row's key must name one row, whoever writes it when.

And a date moved for that reason must not move when the next row is due.
"""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from features.replay import replay
from tests.features.logs import (
    DAY,
    EXPECTATION,
    HOUR,
    PROFILE,
    START,
    engine,
    event,
    frame,
    logs,
    rows_of,
    run,
    step_rows,
)
from tests.features.test_replay import history

INTERVAL = PROFILE.score_interval_ms
CODES = ("P0217", "P1", "P2", "P3")


def dates(rows):
    return {vehicle: [row[0] for row in found] for vehicle, found in rows.items()}


@settings(max_examples=300, deadline=None)
@given(logs(kinds=("fault_code", "service")), st.randoms(use_true_random=False))
def test_dates_of_a_vehicles_rows_rise_whatever_the_order_of_arrival(log, random):
    shuffled = list(log.records)
    random.shuffle(shuffled)
    for found in dates(step_rows(run(shuffled)[1])).values():
        assert all(before < after for before, after in pairwise(found))


def test_late_codes_follow_the_row_that_was_newest():
    late = [event("fault_code", code, START + HOUR) for code in ("P0217", "P1", "P2")]
    _, steps = run([frame(1, START + 9 * HOUR), *late, frame(2, START + 18 * HOUR)])
    newest = START + 9 * HOUR
    wanted = [newest, newest + 1, newest + 2, newest + 3, START + 18 * HOUR]
    assert dates(step_rows(steps)) == {"V0001": wanted}


@st.composite
def hours_with_codes(draw):
    """Frames on the hour, and with some of them up to four codes at the same instant."""
    records, hour = [], 0
    for step, codes in draw(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 4)), min_size=1)):
        hour += step
        at = START + hour * HOUR
        records += [event("fault_code", code, at) for code in CODES[:codes]]
        records.append(frame(hour, at))
    return records


def due_by_the_clock(records):
    """Times of the rows that frames are due for: an interval after the last row, of any kind."""
    found, last = [], START - 10 * INTERVAL
    for record in records:
        is_frame = hasattr(record, "seq")
        at = record.start_ms if is_frame else record.time_ms
        if is_frame and at - last >= INTERVAL:
            found.append(at)
        if not is_frame or at - last >= INTERVAL:
            last = at
    return found


@settings(max_examples=150, deadline=None)
@given(hours_with_codes())
def test_however_many_codes_come_at_an_instant_the_next_row_is_due_on_time(records):
    found = step_rows(run(records)[1]).get("V0001", [])
    assert [time for time, trigger, _ in found if trigger == "due"] == due_by_the_clock(records)


@settings(max_examples=100, deadline=None)
@given(hours_with_codes())
def test_with_codes_at_one_instant_replay_gives_the_rows_of_the_stream(records):
    rows = list(replay(PROFILE, EXPECTATION, *history(records)))
    assert rows_of(rows) == step_rows(run(records)[1])


def test_a_late_code_puts_off_the_next_row_by_an_interval_from_what_was_known():
    late = [event("fault_code", code, START) for code in CODES]
    before, after = frame(1, START + 9 * HOUR), frame(2, START + 9 * HOUR + INTERVAL)
    early = frame(3, START + 8 * HOUR + INTERVAL)
    (found,) = step_rows(run([before, *late, early, after])[1]).values()
    wanted = ["due", *["fault_code"] * 4, "due"]
    assert [trigger for _, trigger, _ in found] == wanted
    assert found[-1][0] == after.start_ms


@settings(max_examples=200, deadline=None)
@given(logs(), st.integers(0, 24))
def test_a_snapshot_from_before_moments_were_kept_goes_on(log, cut):
    before, after = log.records[:cut], log.records[cut:]
    arrays = {name: array.copy() for name, array in run(before)[0].arrays().items()}
    if arrays:
        arrays["small/ints"] = arrays["small/ints"][:, :-1]
        version = arrays["small/version"].tobytes().replace(b"2\n", b"1\n", 1)
        arrays["small/version"] = np.frombuffer(version, np.uint8)
    machine = engine()
    found = machine.step(machine.restore(arrays), after, [START + 10_000 * DAY] * len(after))
    whole = run(log.records, [min(cut, len(log.records))])[1]
    assert step_rows([found]) == step_rows(whole[1:])
