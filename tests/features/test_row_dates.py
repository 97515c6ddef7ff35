"""A vehicle's rows have dates that rise: a row's key must name one row, whoever writes it when."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.features.logs import HOUR, START, event, frame, logs, run, step_rows


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
