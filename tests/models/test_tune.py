"""Tuning, priors and devices."""

from dataclasses import replace

import numpy as np
import pytest

from contracts.errors import ModelError
from features.expectation import Expectation
from models.device import refuse_absent
from models.grow import Trees
from models.prior import prior_log_odds, prior_rates
from models.table import tabulate
from models.training import Options, train, train_on
from tests.models.fleet import PROFILE, QUICK, SCOPE, history

NEUTRAL = Expectation.neutral(PROFILE)


def test_tuning_begins_with_the_defaults_and_keeps_the_best():
    table = tabulate(history(24), PROFILE, NEUTRAL, SCOPE)
    trees = replace(QUICK.trees, rounds=10, patience=4)
    options = replace(QUICK, folds=2, trials=6, trees=trees)
    steps = []
    _, record = train_on(table, NEUTRAL, options, lambda step, share: steps.append((step, share)))
    figures = record.figures
    assert figures["tuning_trials"] == 6
    assert 0 < figures["tuning_loss_best"] <= figures["tuning_loss_default"] < 1.2
    assert [share for step, share in steps if step == "tuning"][-1] == 1.0
    _, again = train_on(table, NEUTRAL, options)
    assert again.parameters == record.parameters


def test_rates_are_shrunk_towards_those_of_all_modes():
    rates = prior_rates({"often": 30, "never": 0}, 10_000.0)
    assert rates["often"] == pytest.approx(31 / (10_000 + 10_000 / 15))
    assert 0 < rates["never"] < rates["often"] / 10
    assert prior_rates({"a": 0, "b": 0}, 10_000.0) == {"a": 0.0, "b": 0.0}
    assert prior_rates({"a": 0}, 0.0) == {"a": 0.0}


def test_a_constant_rate_gives_each_bin_its_share():
    odds = np.array(prior_log_odds(0.01, (7.0, 14.0, 30.0)))
    hazard = 1 / (1 + np.exp(-odds))
    assert 1 - np.prod(1 - hazard) == pytest.approx(1 - np.exp(-0.01 * 30))


def test_a_device_that_is_not_there_is_said_not_to_be(monkeypatch):
    refuse_absent("cpu")
    with pytest.raises(ModelError, match="there are cpu, cuda"):
        refuse_absent("tpu")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setattr("models.device._used", lambda _: "cpu")
    with pytest.raises(ModelError, match="finds no such device"):
        refuse_absent("cuda")
    # Before anything is read: there is no history to read.
    with pytest.raises(ModelError, match="finds no such device"):
        train(None, PROFILE, Options(trees=Trees(device="cuda")))
