"""A view of each mode, and one model that serves modes of which no failure is known."""

import numpy as np
import pytest

from features.profile import builtin_profile
from features.vector import feature_names
from models.metrics import auc
from models.pooled import TREES, fit_pooled
from models.view import views

PROFILE = builtin_profile("machine")
NAMES = list(feature_names(PROFILE))
SIGNALS = ("voltage", "rotation_speed", "pressure", "vibration")


def rows(seed, count=1_600):
    """Feature rows in which a component's own signal is off before it fails; comp3 never fails."""
    random = np.random.default_rng(seed)
    values = random.standard_normal((count, len(NAMES))).astype(np.float32)
    labels = np.full((4, count), 6, np.float32)
    for mode, signal in enumerate(SIGNALS):
        failing = random.random(count) < 0.03
        column = NAMES.index(f"machine_{signal}.mean_12h")
        values[failing, column] += random.choice([-5, 5], failing.sum())
        labels[mode, failing] = -1
    return values, labels


@pytest.fixture(scope="module")
def pooled():
    values, labels = rows(1)
    labels[2] = np.abs(labels[2])
    return fit_pooled(PROFILE, values, labels, np.arange(len(values)) % 4)


def test_views_share_names_and_look_at_their_own():
    seen = views(PROFILE)
    assert len({view.names for view in seen.values()}) == 1
    values = np.zeros((1, len(NAMES)), np.float32)
    values[0, NAMES.index("machine_pressure.mean_12h")] = -4
    own = {
        name: view.values(values)[0, view.names.index("own.mean_12h")]
        for name, view in seen.items()
    }
    assert own == {"comp1": 0, "comp2": 0, "comp3": 4, "comp4": 0}


def test_a_mode_without_a_known_failure_is_served(pooled):
    values, labels = rows(2)
    for place, model in enumerate(pooled.models.values()):
        assert auc((labels[place] == -1).astype(np.float32), model.margin(values)) > 0.9


def test_shares_are_given_back_to_the_signal_and_add_up(pooled):
    values, labels = rows(3)
    model = pooled.models["comp1"]
    failing = values[labels[0] == -1][:20]
    shares = model.shares(failing)
    np.testing.assert_allclose(shares.sum(axis=1), model.margin(failing), atol=1e-3)
    assert NAMES[int(np.abs(shares[:, :-1]).mean(0).argmax())] == "machine_voltage.mean_12h"


def test_trees_do_not_depend_on_other_defaults():
    assert (TREES.max_depth, TREES.subsample, TREES.reg_lambda) == (3, 0.7, 5.0)
