"""DESIGN's trap: a simulator whose failures one residual explains is a toy."""

import numpy as np
import pytest

from ingest.simulator.fleet import Fleet
from ingest.simulator.petrol import PETROL
from ingest.simulator.spec import FleetSpec
from tests.ingest.simulator.yardstick import auc, average_precision, best_single, score, tabulate

SPEC = FleetSpec({"car-combustion": 560}, 11, 1_690_070_400_000, 400)
MODES = tuple(mode.name for mode in PETROL.modes)


@pytest.fixture(scope="module")
def table():
    return tabulate(Fleet(SPEC), "car-combustion")


@pytest.fixture(scope="module")
def train(table):
    return table.vehicle % 10 < 6


@pytest.fixture(scope="module")
def scores(table, train):
    return {mode: score(table, train, table.label[mode]) for mode in MODES}


def known(table, mode):
    return np.isfinite(table.label[mode]) & np.isfinite(table.oracle[mode])


def mean_over_modes(table, figure):
    return float(np.mean([figure(mode, table.label[mode], known(table, mode)) for mode in MODES]))


def test_the_oracle_is_good_but_not_perfect(table):
    found = mean_over_modes(table, lambda m, y, ok: auc(y[ok], table.oracle[m][ok]))
    assert 0.88 <= found <= 0.95


def test_a_model_comes_near_the_oracle(table, train, scores):
    def gap(mode, label, ok):
        rows = ok & ~train
        return auc(label[rows], table.oracle[mode][rows]) - auc(label[rows], scores[mode][rows])

    assert mean_over_modes(table, gap) < 0.045


def test_no_single_feature_does_the_work(table, train, scores):
    def gain(mode, label, ok):
        rows = ok & ~train
        single, _ = best_single(table, label, ok & train, rows)
        return average_precision(label[rows], scores[mode][rows]) / single

    assert mean_over_modes(table, gain) >= 1.3


def test_shuffled_labels_give_chance(table, train):
    rng = np.random.default_rng(0)
    label = table.label["injector"]
    vehicles = rng.permutation(table.vehicle.max() + 1)
    rows_of = [np.flatnonzero(table.vehicle == vehicle) for vehicle in vehicles]
    shuffled = label[np.concatenate(rows_of)]
    rows = np.isfinite(shuffled) & ~train
    assert auc(shuffled[rows], score(table, train, shuffled)[rows]) == pytest.approx(0.5, abs=0.08)


def test_ids_and_times_carry_nothing(table, train, scores):
    mode = "injector"
    label, ok = table.label[mode], known(table, mode)
    rows = ok & ~train
    wider = np.column_stack([table.x, table.vehicle, (table.time_ms - SPEC.start_ms) / 1e9])
    with_ids = score(type(table)(**{**vars(table), "x": wider.astype(np.float32)}), train, label)
    before, after = auc(label[rows], scores[mode][rows]), auc(label[rows], with_ids[rows])
    assert after - before < 0.015
