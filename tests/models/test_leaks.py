"""Planted leaks are caught."""

from dataclasses import replace

import numpy as np
import pytest

from contracts.errors import ModelError
from features.expectation import Expectation
from models.folds import fold_of, fold_rows
from models.leaks import refuse_answers, refuse_future, refuse_shared_vehicles
from models.spool import Spool
from models.table import label_rows, tabulate
from models.training import train_on
from tests.models.fleet import DAY, PROFILE, QUICK, SCOPE, UNTIL, history


@pytest.fixture(scope="module")
def table():
    return tabulate(history(16), PROFILE, Expectation.neutral(PROFILE), SCOPE)


def with_feature(table, column, values):
    """The table with one feature overwritten."""
    whole = table.values()
    whole[:, column] = values
    spool = Spool(whole.shape[1])
    spool.append(whole)
    return replace(table, spool=spool, place=np.arange(len(whole)))


def test_an_honest_table_passes(table):
    refuse_future(table)
    assert refuse_answers(table, 3) == []
    refuse_shared_vehicles(table.vehicle, fold_rows(table.vehicles, table.vehicle, 5, 1))


def test_a_feature_that_encodes_the_label_is_named(table):
    answer = (table.label("overheating") < 0) * 1.0
    leaky = with_feature(table, 7, answer + np.random.default_rng(0).normal(0, 0.01, len(table)))
    with pytest.raises(ModelError, match=table.names[7].split(".")[0]):
        train_on(leaky, Expectation.neutral(PROFILE), QUICK)


def test_a_feature_that_nearly_does_is_noted(table):
    answer = np.where(table.label("overheating") < 0, 1.0, 0.0)
    leaky = with_feature(table, 7, answer + np.random.default_rng(0).normal(0, 0.3, len(table)))
    assert {suspect.feature for suspect in refuse_answers(leaky, 3)} == {table.names[7]}


def test_a_vehicle_on_both_sides_is_refused(table):
    by_row = np.arange(len(table)) % 5
    with pytest.raises(ModelError, match="both sides"):
        refuse_shared_vehicles(table.vehicle, by_row)


def test_a_row_from_the_future_is_refused(table):
    late = table.time_ms.copy()
    late[3] = UNTIL + DAY
    with pytest.raises(ModelError, match="1 rows are dated"):
        train_on(replace(table, time_ms=late), Expectation.neutral(PROFILE), QUICK)


def test_a_label_that_knows_the_future_is_refused(table):
    """Labels by what became known 90 days later, as a careless join makes them."""
    careless = label_rows(PROFILE, table.courses, table.vehicle, table.time_ms, UNTIL + 90 * DAY)
    with pytest.raises(ModelError, match="purge"):
        train_on(replace(table, labels=careless), Expectation.neutral(PROFILE), QUICK)


def test_folds_are_by_vehicle_of_one_size_and_the_same_in_every_run():
    vehicles = [f"V{number:04d}" for number in range(203)]
    rows = np.repeat(np.arange(203), 3)
    fold = fold_rows(vehicles, rows, 5, 1)
    refuse_shared_vehicles(rows, fold)
    assert set(np.bincount(fold[::3])) <= {40, 41}
    assert (fold == fold_rows(vehicles, rows, 5, 1)).all()
    assert (fold != fold_rows(vehicles, rows, 5, 2)).any()
    assert fold_of("V0001", 1 << 60, 0) == fold_of("V0001", 1 << 60, 0)
