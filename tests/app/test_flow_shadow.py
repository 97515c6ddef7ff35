"""A shadow beside the champion: its rows are stored and told to nobody, its faults harm nobody."""

import pytest

from app.champion import Champions
from app.flow.score import Champion
from contracts.errors import ModelError
from contracts.records import VehicleEvent
from features.expectation import Expectation
from features.vector import feature_names
from tests.app.stream_fixtures import (
    PERIOD,
    PROFILE,
    START,
    Bench,
    Failing,
    Prior,
    frame,
    incoming,
    shifted_expectation,
)

NEUTRAL = Expectation.neutral(PROFILE)
NAMES = feature_names(PROFILE)


def turn(at):
    """A frame of each vehicle, and a fault code of one, so that it is scored at once."""
    code = PROFILE.fault_codes[0].code
    event = VehicleEvent("default", PROFILE.name, "V0", START + at * PERIOD + 1, "fault_code", code)
    return incoming(0, at, *(frame(f"V{v}", at) for v in range(3)), event)


LOG = [turn(at) for at in range(12)]
TOLD = "a shadow is refused; the champion goes on"


def offered(made=Prior, identity="prior-1", expectation=NEUTRAL, names=NAMES, **more):
    return {PROFILE.name: Champion(made(names, expectation, identity, **more), expectation)}


def run(folder, shadows, champions=None, log=LOG):
    bench = Bench(folder)
    bench.pipeline.offer(offered() if champions is None else champions, shadows)
    bench.pipeline.take(log)
    return bench


def test_a_shadow_scores_every_due_vehicle_and_only_the_champion_is_told(tmp_path):
    alone = run(tmp_path / "alone", {})
    bench = run(tmp_path / "both", offered(identity="shadow-1", risk=0.9))
    due = [(vehicle, time) for vehicle, time in bench.store.rows["risk"]]
    assert [(vehicle, time, "shadow-1") for vehicle, time in due] == list(
        bench.store.rows["shadow"]
    )
    assert len(due) == len(bench.store.rows["features"]) > 5
    assert {rows.model for rows in bench.published} == {"prior-1"}
    assert bench.count("rows", table="risk_shadow") == len(due)
    assert alone.store.rows["shadow"] == {}
    bench.store.rows["shadow"] = {}
    assert bench.store.rows == alone.store.rows


@pytest.mark.parametrize(
    ("shadow", "reason"),
    [
        (offered(Failing, "bad-1"), "can't score"),
        (offered(identity="bad-1", expectation=shifted_expectation()), "fresh-expectation"),
        (offered(identity="bad-1", names=NAMES[1:]), "takes other features"),
    ],
)
def test_a_bad_shadow_is_refused_once_with_a_reason(tmp_path, capsys, shadow, reason):
    alone = run(tmp_path / "alone", {})
    capsys.readouterr()
    bench = run(tmp_path / "both", shadow)
    bench.pipeline.take([turn(12)])
    alone.pipeline.take([turn(12)])
    said = capsys.readouterr()
    said = said.out + said.err
    assert said.count(TOLD) == 1
    assert reason in said
    assert "bad-1" in said
    assert bench.store.rows == alone.store.rows
    assert len(bench.published) == len(alone.published)


def test_a_shadow_that_failed_is_not_asked_again_but_its_successor_is(tmp_path):
    asked = []

    class Counting(Failing):
        def score(self, rows):
            asked.append(len(rows))
            return super().score(rows)

    bench = run(tmp_path, offered(Counting, "bad-1"), log=LOG[:6])
    bench.pipeline.take(LOG[6:8])
    assert len(asked) == 1
    bench.pipeline.offer(offered(), offered(identity="shadow-2"))
    bench.pipeline.take(LOG[8:])
    assert {model for _, _, model in bench.store.rows["shadow"]} == {"shadow-2"}


@pytest.mark.parametrize("champions", [{}, offered(identity="same")])
def test_without_a_champion_or_as_the_champion_a_shadow_costs_nothing(tmp_path, champions):
    bench = run(tmp_path, offered(Failing, "same"), champions)
    assert bench.store.rows["shadow"] == {}
    assert bench.store.rows["features"]


class Shelf:
    wanted = None

    def shadow(self, profile):
        return self.wanted if profile == PROFILE.name else None

    def load(self, bundle_id):
        if bundle_id == "broken":
            raise ModelError("damaged")
        return Prior((), NEUTRAL, bundle_id), NEUTRAL


def test_a_shadow_comes_goes_and_is_refused_when_damaged(capsys):
    shelf = Shelf()
    shadows = Champions(shelf, [PROFILE.name, "machine"], "shadow")
    assert shadows.refresh() == {}
    shelf.wanted = "s1"
    assert shadows.refresh()[PROFILE.name].bundle.id == "s1"
    shelf.wanted = "broken"
    assert shadows.refresh() == {}
    assert shadows.refresh() == {}
    said = capsys.readouterr()
    assert (said.out + said.err).count("the champion goes on without one") == 1
    shelf.wanted = "s2"
    assert shadows.refresh()[PROFILE.name].bundle.id == "s2"
    shelf.wanted = None
    assert shadows.refresh() == {}
