"""The dashboard follows the registry's champions."""

from app.api.champions import WatchedChampions
from app.champion import Champions
from tests.app.prior_alerter import LINE, OneShelf
from tests.app.stream_fixtures import PROFILE


class Moving(OneShelf):
    now = "prior-1"

    def champion(self, profile):
        return self.now if profile == PROFILE.name else None


def test_a_champion_gives_its_band_and_lines_until_it_is_gone():
    shelf = Moving()
    watched = WatchedChampions(Champions(shelf, [PROFILE.name, "turbofan"]))
    assert watched(PROFILE.name) is None
    watched.look()
    found = watched(PROFILE.name)
    assert (found.id, found.lines["coolant_pump"]) == ("prior-1", LINE)
    assert found.expectation.profile == PROFILE.name
    assert watched("turbofan") is None
    shelf.now = None
    watched.look()
    assert watched(PROFILE.name) is None


def test_one_that_cannot_be_loaded_leaves_the_old_one():
    shelf = Moving()
    watched = WatchedChampions(Champions(shelf, [PROFILE.name]))
    watched.look()
    shelf.now = "broken-1"
    watched.look()
    assert watched(PROFILE.name).id == "prior-1"
