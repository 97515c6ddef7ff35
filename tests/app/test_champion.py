"""The champions in use, without a real registry."""

import pytest

from app.champion import Champions, NoModels
from contracts.errors import ModelError
from features.expectation import Expectation
from tests.app.stream_fixtures import PROFILE, Prior

NEUTRAL = Expectation.neutral(PROFILE)


class Shelf:
    def __init__(self):
        self.wanted, self.loads = None, []

    def champion(self, profile):
        if self.wanted == "unreadable":
            raise ModelError("aliases.json is damaged")
        return self.wanted if profile == PROFILE.name else None

    def load(self, bundle_id):
        self.loads.append(bundle_id)
        if bundle_id == "broken":
            raise ModelError("damaged")
        return Prior((), NEUTRAL, bundle_id), NEUTRAL


def test_a_champion_is_loaded_once_and_again_when_it_changes():
    shelf = Shelf()
    champions = Champions(shelf, [PROFILE.name, "machine"])
    assert champions.refresh() == {}
    shelf.wanted = "m1"
    first = champions.refresh()
    assert [first[PROFILE.name].bundle.id, champions.refresh().keys()] == ["m1", {PROFILE.name}]
    shelf.wanted = "m2"
    assert champions.refresh()[PROFILE.name].bundle.id == "m2"
    assert first[PROFILE.name].bundle.id == "m1"
    assert shelf.loads == ["m1", "m2"]


@pytest.mark.parametrize("wanted", ["broken", "unreadable"])
def test_a_model_that_cannot_be_loaded_leaves_the_old_one(wanted, capsys):
    shelf = Shelf()
    champions = Champions(shelf, [PROFILE.name])
    shelf.wanted = "m1"
    champions.refresh()
    shelf.wanted = wanted
    assert champions.refresh()[PROFILE.name].bundle.id == "m1"
    assert champions.refresh()[PROFILE.name].bundle.id == "m1"
    said = capsys.readouterr()
    assert (said.out + said.err).count("the one before stays") == 1


def test_a_model_that_cannot_be_loaded_is_tried_less_and_less_often():
    shelf, now = Shelf(), [0.0]
    champions = Champions(shelf, [PROFILE.name], clock=lambda: now[0])
    shelf.wanted = "broken"
    tries = []
    while now[0] < 240:
        champions.refresh()
        tries += [now[0]] * (len(shelf.loads) - len(tries))
        now[0] += 3
    assert tries == [0, 3, 9, 21, 45, 93, 153, 213]
    shelf.wanted = "m1"
    assert champions.refresh()[PROFILE.name].bundle.id == "m1"
    shelf.wanted = "broken"
    champions.refresh()
    now[0] += 3
    champions.refresh()
    assert shelf.loads[-3:] == ["m1", "broken", "broken"]


def test_a_champion_taken_away_is_used_no_more():
    shelf = Shelf()
    champions = Champions(shelf, [PROFILE.name])
    shelf.wanted = "m1"
    champions.refresh()
    shelf.wanted = None
    assert champions.refresh() == {}


def test_without_models_there_is_no_champion():
    assert Champions(NoModels(), [PROFILE.name]).refresh() == {}
    with pytest.raises(ModelError, match="no model m1"):
        NoModels().load("m1")
