"""What machines are judged by knows nothing of the failure that it is to announce."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from contracts.batches import Summaries
from features.expectation import Expectation
from features.profile import builtin_profile
from ingest.adapters.machines import PROFILE, read, vehicle
from ingest.adapters.reading import ReadOptions
from models.evaluation.history import read_history
from models.evaluation.machines import TENANT, _came, _scope
from models.memory_history import MemoryHistory
from models.table import DAY_MS, tabulate

HOUR = 3_600_000
MACHINE = vehicle(11)
"""It failed twice, a month apart, by two components."""
MACHINES = builtin_profile(PROFILE)
pytestmark = pytest.mark.data


def records(history, until_ms=1 << 60):
    """Summaries and events of the machine before a time."""
    of_it = (TENANT, PROFILE, [MACHINE], 0, until_ms)
    return history.summaries(*of_it), history.events(*of_it)


def table_of(summaries: Summaries, events, until_ms=None):
    history = MemoryHistory(PROFILE, [(summaries, events)])
    scope = _scope(history, MACHINES, [MACHINE])
    scope = replace(scope, until_ms=until_ms or scope.until_ms)
    return tabulate(history, MACHINES, Expectation.neutral(MACHINES), scope)


@pytest.fixture(scope="module")
def history(data_dir):
    return read_history(MACHINES, read(data_dir / "azure_pdm", ReadOptions())).history


@pytest.fixture(scope="module")
def whole(history):
    return table_of(*records(history))


@pytest.fixture(scope="module")
def failures(whole):
    found = np.concatenate([mode.failed for mode in whole.courses[0].modes.values()])
    assert len(found) == 2
    return sorted(found.tolist())


def same_before(whole, history, cut):
    """Whether the rows before a time are what they would be if nothing from it on had come."""
    seen = table_of(*records(history, cut), cut)
    own = np.flatnonzero(whole.time_ms < cut)
    assert len(own) > 100
    return bool(
        np.array_equal(whole.time_ms[own], seen.time_ms)
        and np.array_equal(whole.values(own), seen.values(), equal_nan=True)
    )


def test_rows_before_a_failure_are_those_of_a_history_that_ends_there(whole, history, failures):
    for failed in failures:
        for hours in (0, 6, 24):
            assert same_before(whole, history, failed - hours * HOUR)


def test_a_replacement_known_an_hour_before_the_failure_is_caught(history, failures):
    """Planted: the age of the part falls to 0 in the row before the one in which it failed."""
    summaries, events = records(history)
    early = [
        msgspec.structs.replace(one, time_ms=one.time_ms - HOUR)
        if one.kind == "replacement" and one.time_ms in failures
        else one
        for one in events
    ]
    assert early != events
    leaky = table_of(summaries, early)
    assert not any(same_before(leaky, history, failed) for failed in failures)


def test_the_hour_of_the_failure_is_no_row_before_it_but_that_of_a_day_before_is(whole, failures):
    came = _came(whole).max(axis=0)
    for failed in failures:
        before = (whole.time_ms < failed) & (whole.time_ms >= failed - DAY_MS)
        assert (came[before] == 1).all()
        assert before.sum() >= 23
        around = ~before & (np.abs(whole.time_ms - failed) < 3 * DAY_MS)
        assert whole.time_ms[around].min() < failed <= whole.time_ms[around].max()
        assert (came[around] == 0).all()
        assert came[whole.time_ms == failed] == 0


def test_no_row_counts_whose_day_is_not_over(whole):
    late = whole.time_ms + DAY_MS >= whole.scope.until_ms
    assert late.any()
    assert (np.isnan(_came(whole)).all(axis=0) == late).all()
