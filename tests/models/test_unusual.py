"""What is unusual in a fleet without failures: found without labels, and no probability."""

import numpy as np
import pytest

from contracts.batches import FeatureRows
from contracts.errors import ModelError
from features.replay import replay
from features.state import PartitionState
from models.memory_history import MemoryHistory
from models.registry import Registry
from models.training import train
from models.unusual import LINE, Usual, fit_usual, furthest
from tests.models.fleet import PROFILE, QUICK, START, UNTIL, vehicle

COOLANT = "Powertrain.CombustionEngine.EngineCoolant.Temperature"


def healthy(number, seed=1):
    """A vehicle whose parts never fail."""
    summaries, events = vehicle(number, seed, life=1e9)
    return summaries, [event for event in events if event.kind == "registration"]


@pytest.fixture(scope="module")
def trained():
    return train(MemoryHistory("small", (healthy(n) for n in range(12))), PROFILE, QUICK)


def rows_of(bundle, summaries):
    return list(replay(PROFILE, bundle.expectation, summaries, [], PartitionState()))


def last_scores(bundle, summaries, count=20):
    found = [bundle.unusual(rows) for rows in rows_of(bundle, summaries)]
    return np.concatenate([one.rank for one in found])[-count:], found[-1]


def test_a_fleet_without_failures_gives_a_model_that_says_what_is_unusual(trained, tmp_path):
    bundle, record = trained
    assert bundle.modes == ()
    assert any("only vehicles that are unusual" in note for note in record.notes)
    registry = Registry(tmp_path)
    loaded, _ = registry.load(registry.save(bundle, record))
    rows = rows_of(bundle, healthy(50)[0])[0]
    assert loaded.score(rows).risk.shape == (len(rows), 0, 3)
    given, wanted = loaded.unusual(rows), bundle.unusual(rows)
    assert (given.rank == wanted.rank).all()
    assert given.model == bundle.id


def test_healthy_vehicles_of_the_same_kind_are_seldom_unusual(trained):
    bundle = trained[0]
    ranks = np.concatenate([last_scores(bundle, healthy(n)[0], 200)[0] for n in range(60, 75)])
    assert (ranks >= LINE).mean() < 0.05
    assert 0.3 < np.median(ranks) < 0.8


def test_a_signal_that_runs_off_is_unusual_and_named(trained):
    bundle = trained[0]
    summaries, _ = healthy(80)
    drifting = summaries.time_ms > UNTIL - 40 * 86_400_000
    days = (summaries.time_ms[drifting] - (UNTIL - 40 * 86_400_000)) / 86_400_000
    summaries.stats[drifting, 1, 1] += 0.5 * days
    ranks, newest = last_scores(bundle, summaries)
    assert (ranks >= LINE).all()
    assert furthest(newest, len(newest) - 1)[0][0] == COOLANT
    assert furthest(newest, len(newest) - 1)[0][1] > 1


def test_what_is_unknown_is_not_unusual(trained):
    bundle = trained[0]
    names = bundle.feature_names
    nothing = np.full((1, len(names)), np.nan, np.float32)
    rows = FeatureRows("small", names, ["d"], ["V"], np.array([START]), ["due"], nothing)
    assert bundle.unusual(rows).score.tolist() == [0.0]


def test_too_few_rows_tell_nothing_of_what_is_usual():
    assert fit_usual(PROFILE, np.zeros((50, 60), np.float32)) is None


def test_it_comes_back_to_the_bit_and_damage_is_refused(trained):
    usual = trained[0].usual
    payload, width = usual.to_bytes(), len(trained[0].feature_names)
    assert Usual.from_bytes(payload, width).to_bytes() == payload
    for broken, features in ((payload[:-4], width), (payload[:9], width), (payload, 5)):
        with pytest.raises(ModelError, match="what is usual is damaged"):
            Usual.from_bytes(broken, features)
