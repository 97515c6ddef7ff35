"""What becomes a dead letter is bounded by key and minute."""

import pytest

from app.flow import ration
from app.intake.forms import Refused
from app.intake.ration import Ration

MINUTE = 60_000


def refused(count, size=1):
    return [Refused(at, "A1", "bad_value", "", bytes(size)) for at in range(count)]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(ration, "LETTERS", 3)
    monkeypatch.setattr(ration, "BYTES", 100)


def test_a_key_has_its_measure_in_a_minute_whatever_others_do():
    letters = Ration()
    assert len(letters.share("a", refused(2), 0)) == 2
    assert [one.index for one in letters.share("a", refused(2), 1)] == [0]
    assert letters.share("a", refused(2), MINUTE - 1) == []
    assert len(letters.share("b", refused(5), MINUTE - 1)) == 3
    assert len(letters.share("a", refused(5), MINUTE)) == 3


def test_large_ones_are_measured_by_their_bytes():
    assert len(Ration().share("a", refused(3, 40), 0)) == 2
