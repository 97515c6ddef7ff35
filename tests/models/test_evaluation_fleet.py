"""A small simulated fleet's models beside the oracle, and a healthy car's drives before them."""

import pytest

from app.cli.evaluate import healthy
from app.cli.evaluate.fleet import START_MS
from features.profile import builtin_profile
from models.evaluation.fleet import Plan, evaluate
from models.table import no_progress

PLAN = Plan(builtin_profile("car-combustion"), 50, 40, 300, (31, 32), START_MS)


@pytest.fixture(scope="module")
def done():
    return evaluate(PLAN)


def test_every_mode_is_judged_beside_oracle_and_rules(done):
    figures = done.figures
    assert list(figures.modes) == [mode.name for mode in PLAN.profile.modes]
    for one in figures.modes.values():
        assert one.events > 0
        assert 0.5 < one.oracle_auc <= 1
        assert one.oracle_average_precision > one.age_rule_ap
    mean = sum(one.auc for one in figures.modes.values()) / len(figures.modes)
    assert mean > 0.7


def test_the_fresh_fleet_shares_no_life_with_the_one_learnt_from():
    known, fresh = (PLAN.fleet(fresh=which) for which in (False, True))
    assert known.truth() != fresh.truth()


@pytest.mark.data
def test_a_healthy_cars_drives_are_all_scored(done, data_dir):
    found = healthy._judge(
        data_dir / "carobd", PLAN.profile, done.bundle, "learnt in this test", no_progress
    )
    assert (found.frames, found.model) == (2_571, done.bundle.id)
    assert found.hours == pytest.approx(42.85)
    assert found.rows_scored > 60
    assert set(found.highest_risk_30) == set(found.lines)
    assert found.alerts_per_1000_h == pytest.approx(1_000 * found.alerts / found.hours)
