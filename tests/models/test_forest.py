"""A forest gives XGBoost's margins to the bit, whatever its trees and rows look like."""

import numpy as np
import pytest
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st

from features.compiled import compiled
from models.forest import DEEPEST, Forest, score_of
from models.hazard import Likelihood


def grown(rng, *, features=5, rounds=6, depth=4, missing=0.2, rows=300, **more):
    """A booster learnt from rows of small whole numbers, so that values meet thresholds."""
    x = rng.integers(-3, 4, size=(rows, features)).astype(np.float32)
    x[rng.random(x.shape) < missing] = np.nan
    y = (np.nan_to_num(x[:, 0]) + rng.normal(size=rows) > 0).astype(np.float32)
    given_so = {"max_depth": depth, "nthread": 1, "eta": 0.5, "min_child_weight": 0, **more}
    return xgb.train(given_so, xgb.DMatrix(x, y), rounds)


def rows_of(rng, count, features=5):
    values = rng.choice([-9, -3, -1.5, -1, 0, 0.5, 1, 2, 3, 9, np.nan], size=(count, features))
    return values.astype(np.float32)


def margins(booster, values):
    return booster.inplace_predict(values, predict_type="margin")


def is_laid_out(score):
    return isinstance(getattr(score, "__self__", None), Forest)


@given(
    seed=st.integers(0, 2**32 - 1),
    depth=st.integers(1, DEEPEST),
    rounds=st.integers(1, 12),
    count=st.integers(0, 40),
    missing=st.sampled_from([0.0, 0.2, 0.9]),
)
@settings(max_examples=60, deadline=None)
def test_margins_are_those_of_xgboost_to_the_bit(seed, depth, rounds, count, missing):
    rng = np.random.default_rng(seed)
    booster = grown(rng, depth=depth, rounds=rounds, missing=missing)
    score, values = score_of(booster), rows_of(rng, count)
    assert is_laid_out(score)
    assert np.array_equal(score(values), margins(booster, values))


def test_trees_of_our_own_likelihood_are_laid_out():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(400, 5)).astype(np.float32)
    label = np.where(x[:, 1] > 1, -1, rng.integers(0, 6, 400)).astype(np.float32)
    likelihood = Likelihood((-3.0, -3.1, -2.5, -2.0, -2.2))
    matrix = xgb.QuantileDMatrix(x, label)
    booster = xgb.train({"base_score": 0.0, "max_depth": 5}, matrix, 20, obj=likelihood)
    score = score_of(booster)
    assert is_laid_out(score)
    assert np.array_equal(score(x), margins(booster, x))


def test_trees_that_split_nothing():
    x = np.ones((50, 3), np.float32)
    booster = xgb.train({"max_depth": 3}, xgb.DMatrix(x, np.arange(50.0)), 4)
    score = score_of(booster)
    assert is_laid_out(score)
    assert np.array_equal(score(x[:9]), margins(booster, x[:9]))


def test_rows_in_another_layout_or_precision():
    rng = np.random.default_rng(5)
    booster, values = grown(rng), rows_of(rng, 21)
    wanted = margins(booster, values)
    for other in (np.asfortranarray(values), values.astype(np.float64), values[:, ::-1][:, ::-1]):
        assert np.array_equal(score_of(booster)(other), wanted)


@pytest.mark.parametrize(
    "other",
    [
        {"depth": DEEPEST + 1, "rows": 3_000},
        {"booster": "dart", "rate_drop": 0.5},
        {"objective": "binary:logistic"},
        {"objective": "multi:softprob", "num_class": 2},
    ],
    ids=["deep", "dart", "objective", "classes"],
)
def test_trees_of_another_kind_score_themselves(other):
    rng = np.random.default_rng(6)
    booster = grown(rng, **other)
    score, values = score_of(booster), rows_of(rng, 30)
    assert not is_laid_out(score)
    assert np.array_equal(score(values), margins(booster, values))


def test_categories_score_themselves():
    rng = np.random.default_rng(7)
    x = rng.integers(0, 6, size=(300, 1)).astype(np.float32)
    matrix = xgb.DMatrix(x, np.isin(x[:, 0], [1, 4]), feature_types=["c"], enable_categorical=True)
    booster = xgb.train({"max_depth": 3, "max_cat_to_onehot": 1}, matrix, 3)
    assert not is_laid_out(score_of(booster))


def test_a_format_that_is_not_known_scores_itself(monkeypatch):
    rng = np.random.default_rng(9)
    booster, values = grown(rng), rows_of(rng, 30)
    monkeypatch.setattr(booster, "save_raw", lambda _form: b'{"learner": {}}')
    assert np.array_equal(score_of(booster)(values), margins(booster, values))


def test_a_compiled_loop_that_cannot_be_kept_on_disk_runs():
    """For what was never a file numba finds no folder, as where none may be written to."""
    found = {}
    exec("def double(value):\n    return 2 * value", found)
    assert compiled(found["double"])(4) == 8
