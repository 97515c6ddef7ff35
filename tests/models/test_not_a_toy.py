"""What tells a toy: limits, outcomes dealt out by chance, other names and times."""

import zlib
from dataclasses import replace

import numpy as np
import pytest

from features.vector import Vector
from models.evaluation import disguise as disguise_module
from models.evaluation import shuffled as shuffled_module
from models.evaluation.disguise import disguise
from models.evaluation.not_a_toy import Check
from models.evaluation.shuffled import Shuffled
from models.labels import no_course
from models.table import no_progress, tabulate
from models.training import train_on
from tests.models.fleet import DAY, PROFILE, QUICK, SCOPE, history
from tests.models.test_training import NEUTRAL

MODES = [mode.name for mode in PROFILE.modes]


@pytest.fixture(scope="module")
def known():
    return tabulate(history(40), PROFILE, NEUTRAL, SCOPE)


@pytest.fixture(scope="module")
def bundle(known):
    return train_on(known, NEUTRAL, QUICK)[0]


@pytest.fixture(scope="module")
def fresh():
    """A fresh fleet's table and its values."""
    table = tabulate(history(60, seed=77), PROFILE, NEUTRAL, SCOPE)
    return table, table.values()


def test_outcomes_dealt_out_by_chance_teach_nothing(known, fresh):
    found = Shuffled.learn(known, QUICK.trees, MODES, no_progress).auc(*fresh)
    assert list(found) == MODES
    assert np.mean(list(found.values())) == pytest.approx(0.5, abs=0.05)


def test_outcomes_that_are_not_shuffled_are_seen(known, fresh, monkeypatch):
    monkeypatch.setattr(shuffled_module, "_dealt", lambda table, _: table.labels)
    found = Shuffled.learn(known, QUICK.trees, MODES, no_progress).auc(*fresh)
    assert min(found.values()) > 0.65


def test_without_a_failure_there_is_nothing_to_rank(known, fresh):
    table, values = fresh
    sound = replace(table, courses=(no_course(PROFILE),) * len(table.courses))
    found = Shuffled.learn(known, QUICK.trees, MODES[:1], no_progress).auc(sound, values)
    assert np.isnan(found[MODES[0]])


def test_dealing_keeps_the_number_of_failures_and_moves_them(known):
    labels = shuffled_module._dealt(known, 1)
    assert labels.shape == known.labels.shape
    for place in range(len(MODES)):
        before, after = ((one[place] < 0).sum() for one in (known.labels, labels))
        assert after == pytest.approx(before, rel=0.25)
        both = (labels[place] < 0) & (known.labels[place] < 0)
        assert both.sum() < 0.5 * before


def test_names_and_dates_change_no_score(bundle):
    found = disguise(history(60), PROFILE, bundle)
    assert (found.vehicles, found.rows > 2_000) == (20, True)
    assert found.change < 1e-5


def test_a_feature_that_knows_the_calendar_is_told(bundle, monkeypatch):
    honest = Vector.values

    def leaky(self, block):
        return honest(self, block) + (block.newest // DAY % 365)[:, None].astype(np.float32) / 50

    monkeypatch.setattr(Vector, "values", leaky)
    assert disguise(history(20), PROFILE, bundle).change > 0.01


def test_a_feature_that_knows_the_vehicle_is_told(bundle, monkeypatch):
    def leaky(*given):
        table = tabulate(*given)
        number = np.array([zlib.crc32(one.encode()) % 7 for one in table.vehicles], np.float32)
        values = table.values() + number[table.vehicle][:, None]
        return replace(table, spool=Told(values), place=np.arange(len(table)))

    monkeypatch.setattr(disguise_module, "tabulate", leaky)
    assert disguise(history(20), PROFILE, bundle).change > 0.01


class Told:
    """Rows in memory, in a spool's place."""

    def __init__(self, values):
        self.values = values

    def take(self, places):
        return self.values[places]


def test_a_row_that_is_not_there_under_another_name_is_told(bundle, monkeypatch):
    monkeypatch.setattr(disguise_module, "_events", lambda *_: [])
    assert disguise(history(20), PROFILE, bundle).change == 1.0


@pytest.mark.parametrize(
    ("check", "asked", "holds"),
    [
        (Check("a", 0.9, 0.88, 0.95), "0.88 to 0.95", True),
        (Check("a", 0.96, 0.88, 0.95), "0.88 to 0.95", False),
        (Check("a", -0.2, high=0.03), "at most 0.03", True),
        (Check("a", 1.2, low=1.3), "at least 1.3", False),
        (Check("a", float("nan"), low=1.3), "at least 1.3", False),
    ],
)
def test_what_is_asked_is_told_and_what_is_not_known_does_not_hold(check, asked, holds):
    assert (check.asked, check.holds) == (asked, holds)
