"""A planted shift is found, and where nothing has changed nothing is."""

import numpy as np
import pytest

from contracts.errors import ModelError
from models.compare import Judged
from models.drift import Week, calibration, drifted, missing, stability
from models.reference import WEEK_MS, Reference, evenly, reference_of, week_of

MONDAY = int(week_of(np.array([1_700_000_000_000]))[0])
DAY = 86_400_000
FEATURES = ("warm", "slow", "age", "rare", "constant", "unknown")


def rows(rng, week, vehicles, shift=0.0, scale=1.0, lost=0.1):
    """Seven rows of each vehicle: `slow` hardly moves within a vehicle, `age` only grows."""
    count = 7 * vehicles
    vehicle = np.repeat(np.arange(vehicles), 7)
    time = MONDAY + week * WEEK_MS + np.tile(np.arange(7), vehicles) * DAY
    own = np.repeat(rng.normal(0, 1, vehicles), 7)
    warm = shift + scale * rng.normal(0, 1, count)
    warm[rng.random(count) < lost] = np.nan
    columns = [
        warm,
        own + rng.normal(0, 0.05, count),
        (time - MONDAY) / DAY,
        (rng.random(count) < 0.02).astype(float),
        np.full(count, 3.0),
        np.full(count, np.nan),
    ]
    return np.stack(columns, axis=1).astype(np.float32), vehicle, time


def reference(rng, vehicles=120, weeks=40):
    parts = [rows(rng, week, vehicles) for week in range(weeks)]
    values, vehicle, time = (np.concatenate(one) for one in zip(*parts, strict=True))
    risk = 1 / (1 + np.exp(3 - values[:, 1]))
    return reference_of(values, {"mode": (risk, risk)}, vehicle, time)


def measured(known, rng, week, vehicles, **given):
    values, _, time = rows(rng, week, vehicles, **given)
    risk = 1 / (1 + np.exp(3 - values[:, 1:2]))
    found = Week(int(week_of(time)[0]), values, vehicles, ("mode",), risk, vehicles)
    return stability(known, FEATURES, found, {"age"})


@pytest.fixture(scope="module")
def known():
    return reference(np.random.default_rng(1))


@pytest.mark.parametrize("vehicles", [12, 40, 150])
def test_no_week_without_a_change_is_drift(known, vehicles):
    rng = np.random.default_rng(2)
    for week in range(40, 140):
        # A vehicle that is ever the same is one observation; age is older than any in training.
        assert drifted(measured(known, rng, week, vehicles)) == []


@pytest.mark.parametrize(
    ("vehicles", "given"),
    [
        (40, {"shift": 3.0}),
        (150, {"shift": 1.0}),
        (150, {"scale": 0.2}),
        (150, {"lost": 0.6}),
    ],
)
def test_a_planted_shift_is_found_and_named(known, vehicles, given):
    found = drifted(measured(known, np.random.default_rng(3), 41, vehicles, **given))
    assert [one.subject for one in found] == ["warm"]
    assert found[0].value > found[0].high >= 0.25


def test_scores_that_rise_are_found_beside_the_feature_behind_them(known):
    rng = np.random.default_rng(4)
    values, _, _ = rows(rng, 41, 150)
    risk = np.full((len(values), 2), 0.5, np.float32)
    week = Week(MONDAY, values[:, :0], 0, ("other", "mode"), risk, 150)
    assert [(one.kind, one.subject) for one in drifted(stability(known, (), week))] == [
        ("score", "mode")
    ]


def test_what_a_training_week_had_is_usual():
    """A season: half of the training weeks are warm, so a warm week is none."""
    rng = np.random.default_rng(5)
    parts = [rows(rng, week, 80, shift=2.0 * (week % 52 > 26)) for week in range(52)]
    values, vehicle, time = (np.concatenate(one) for one in zip(*parts, strict=True))
    seasons = reference_of(values, {}, vehicle, time)
    assert drifted(measured(seasons, rng, 80, 80, shift=2.0)) == []
    assert drifted(measured(seasons, rng, 80, 80, shift=6.0))[0].subject == "warm"


def test_a_reference_comes_back_to_the_bit_and_damage_is_refused(known):
    payload = known.to_bytes()
    again = Reference.from_bytes(payload)
    assert again.to_bytes() == payload
    assert (again.modes, again.vehicles, again.weeks) == (("mode",), 120, 40)
    assert (again.features.edges == known.features.edges).all()
    for broken in (payload[:-4], payload[:20], b""):
        with pytest.raises(ModelError, match="reference is damaged"):
            Reference.from_bytes(broken)


def outcomes(rng, factor, vehicles=150, weeks=12):
    """Each vehicle's risk is right, up to a factor; rows of 28 days tell of the same failure."""
    own = rng.uniform(0.02, 0.3, (vehicles, weeks // 4))
    came = rng.random(own.shape) < own * factor
    vehicle = np.repeat(np.arange(vehicles), weeks * 7)
    time = MONDAY + np.tile(np.arange(weeks * 7), vehicles) * DAY
    risk, failed = (np.repeat(one, 28, axis=1).ravel().astype(np.float32) for one in (own, came))
    return Judged("mode", vehicle, failed, risk, risk, time)


def test_calibration_is_judged_by_failures_not_by_rows():
    rng = np.random.default_rng(6)
    false = sum(calibration(0, outcomes(rng, 1.0)).drifted for _ in range(200))
    found = sum(calibration(0, outcomes(rng, 2.0)).drifted for _ in range(50))
    assert false <= 2
    assert found >= 48
    assert calibration(0, outcomes(rng, 1.0, vehicles=4, weeks=4)) is None


def test_a_signal_that_goes_missing_is_found():
    found = missing(MONDAY, {"a": 0.3, "b": 0.1, "new": 1.0}, {"a": 0.1, "b": 0.1})
    assert [one.subject for one in drifted(found)] == ["a"]


def test_rows_are_taken_evenly():
    assert evenly(5).tolist() == [0, 1, 2, 3, 4]
    assert len(evenly(100_001, 1_000)) <= 1_000
