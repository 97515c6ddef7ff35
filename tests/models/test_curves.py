"""What a training keeps of its held-out vehicles is what their rows say."""

import msgspec
import numpy as np
import pytest

from models.curves import precision_recall, reliability, thinned
from models.metrics import average_precision
from models.record import TrainingRecord
from models.training import train
from tests.models.fleet import PROFILE, QUICK, history


@pytest.fixture(scope="module")
def record():
    return train(history(), PROFILE, QUICK)[1]


def scored(rng, n=4_000):
    risk = rng.beta(0.5, 4, n).astype(np.float32)
    return (rng.random(n) < risk).astype(np.float32), risk


def test_a_thinned_curve_has_points_of_the_whole_one():
    came, risk = scored(np.random.default_rng(1))
    recall, precision = precision_recall(came, risk)
    few, kept = thinned(recall, precision, 40)
    assert len(few) <= 41
    assert (few[0], few[-1]) == (recall[0], recall[-1])
    assert {*zip(few, kept, strict=True)} <= {*zip(recall, precision, strict=True)}
    assert np.trapezoid(kept, few) == pytest.approx(average_precision(came, risk), abs=0.02)


def test_honest_risk_lies_on_the_diagonal_and_doubled_risk_does_not():
    came, risk = scored(np.random.default_rng(2))
    for factor, honest in ((1.0, True), (0.4, False)):
        bins = reliability(came, risk * np.float32(factor))
        inside = (bins.low <= bins.predicted) & (bins.predicted <= bins.high)
        assert (inside[bins.events > 20].mean() > 0.7) == honest
        assert bins.events.sum() == came.sum()


def test_a_training_keeps_the_curves_of_vehicles_left_out(record):
    for one in record.modes:
        curves = one.curves
        assert curves.recall == sorted(curves.recall)
        assert curves.recall[-1] == 1.0
        assert np.trapezoid(curves.precision, curves.recall) == pytest.approx(
            one.average_precision, abs=0.1
        )
        assert len(curves.predicted) == len(curves.observed) == len(curves.events)
        assert all(low <= at <= high for low, at, high in zip(
            curves.low, curves.observed, curves.high, strict=True
        ))  # fmt: skip
        assert len(curves.learning) == QUICK.folds
        assert curves.learning_step == 1
        assert min(map(min, curves.learning)) < curves.learning[0][0]


def test_lead_times_agree_with_what_the_line_would_have_caught(record):
    for one in record.modes:
        tally = min(record.tried[one.mode], key=lambda tally: abs(tally.line - one.line))
        assert tally.line == pytest.approx(one.line)
        in_time = sum(lead >= 3 for lead in one.curves.lead_days)
        # The tally asks whether any alert came three days ahead, the lead is the longest of them.
        assert in_time == tally.caught
        assert one.curves.failures == tally.failures


def test_a_record_of_before_there_were_curves_is_still_read(record):
    told = msgspec.to_builtins(record)
    for mode in told["modes"]:
        del mode["curves"]
    old = msgspec.convert(told, TrainingRecord)
    assert [one.curves for one in old.modes] == [None] * len(old.modes)
    assert msgspec.json.decode(msgspec.json.encode(record), type=TrainingRecord) == record
