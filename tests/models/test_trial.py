"""The golden rows that a model is tried on: rows that reach its leaves."""

import json
from dataclasses import replace

import numpy as np
import pytest
import xgboost as xgb

from contracts.errors import ModelError
from models import registry as registry_module
from models.bundle import Bundle
from models.registry import Registry
from models.trial import noise
from models.verify import check, golden


def _more(intercept):
    return tuple(one + 0.1 for one in intercept)


def test_what_scores_otherwise_than_when_saved_is_refused(copy, trained, monkeypatch):
    """Intact files, but not the scores that were stored: another library, another machine."""
    root, _ = copy
    bundle = trained[0]
    shifted = tuple(
        replace(m, calibration=replace(m.calibration, intercept=_more(m.calibration.intercept)))
        for m in bundle.models
    )
    other = Bundle("small", bundle.feature_names, bundle.expectation, shifted, bundle.lines)
    stale = registry_module.golden(bundle)
    monkeypatch.setattr(registry_module, "golden", lambda _: stale)
    with pytest.raises(ModelError, match="golden rows otherwise"):
        Registry(root).save(other, trained[1])


def leaves_of(model, values):
    """Which leaves [rows x trees] rows fall into."""
    return model.booster.predict(xgb.DMatrix(values), pred_leaf=True).astype(int)


def with_leaf_raised(model, tree, leaf):
    """The model with one leaf of one tree changed."""
    told = json.loads(bytes(model.booster.save_raw("json")))
    trees = told["learner"]["gradient_booster"]["model"]["trees"]
    assert trees[tree]["left_children"][leaf] == -1
    trees[tree]["split_conditions"][leaf] += 0.5
    trees[tree]["base_weights"][leaf] += 0.5
    booster = xgb.Booster({"nthread": 1})
    booster.load_model(bytearray(json.dumps(told).encode()))
    return replace(model, booster=booster)


def missed_by_noise(model, trial):
    """A tree and its leaf that rows of the training fall into, and noise doesn't."""
    seen = leaves_of(model, trial)
    heard = leaves_of(model, noise(trial.shape[1]))
    for tree in range(seen.shape[1]):
        missed = set(seen[:, tree]) - set(heard[:, tree])
        if missed:
            return tree, min(missed)
    raise AssertionError("noise falls into every leaf")


def test_a_leaf_that_only_real_rows_reach_is_tried_too(copy, trained, monkeypatch):
    root, name = copy
    bundle, record = trained
    assert bundle.trial.shape[0] > 100
    assert np.isnan(bundle.trial).any()
    model = bundle.models[0]
    changed = with_leaf_raised(model, *missed_by_noise(model, bundle.trial))
    other = replace(bundle, models=(changed, *bundle.models[1:]))
    before = replace(bundle, trial=None), replace(other, trial=None)
    check(before[1], golden(before[0]))
    stale = golden(bundle)
    monkeypatch.setattr(registry_module, "golden", lambda _: stale)
    with pytest.raises(ModelError, match="golden rows otherwise"):
        Registry(root).save(other, record)
    # A model that is loaded keeps its rows, whatever is made of it.
    again = Registry(root).load(name)[0]
    np.testing.assert_array_equal(again.trial, bundle.trial)


def test_golden_rows_of_other_features_are_refused(trained):
    bundle = trained[0]
    with pytest.raises(ModelError, match="golden rows of 3 features"):
        check(bundle, golden(replace(bundle, models=(), trial=np.zeros((2, 3), np.float32))))
