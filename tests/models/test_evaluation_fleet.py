"""A small simulated fleet's models beside the oracle, and a healthy car's drives before them."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from app.cli.evaluate import fleet as fleet_command
from app.cli.evaluate import healthy
from app.cli.evaluate.fleet import START_MS
from app.cli.evaluate.healthy_report import healthy_report
from features.profile import builtin_profile
from models.evaluation.fleet import Plan, evaluate
from models.evaluation.judged import Judged
from models.evaluation.not_a_toy import checks
from models.evaluation.tenths import tenths
from models.grow import Trees
from models.reports.fleet import fleet_report
from models.reports.page import render
from models.table import no_progress
from models.training import LEAST_FAILURES

QUICK = Trees(rounds=120, eta=0.15, patience=8)
PLAN = Plan(builtin_profile("car-combustion"), 50, 40, 300, (31, 32), START_MS, QUICK)


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


def test_modes_with_few_failures_are_ranked_better_than_by_the_fleets_rate(done):
    """The rate alone ranks nothing: AUC 0.5."""
    few = {mode for mode, how in done.figures.methods.items() if how == "pooled"}
    assert len(few) >= 2
    failures = {one.mode: one.failures for one in done.record.modes}
    assert all(0 < failures[mode] < LEAST_FAILURES for mode in few)
    found = [done.figures.modes[mode] for mode in few]
    assert np.mean([one.auc for one in found]) > 0.65
    share = np.mean([np.mean(done.judged[mode].came == 1) for mode in few])
    assert np.mean([one.average_precision for one in found]) > 3 * share


def test_tenths_with_failures_enough_are_judged_by_their_calibration(done, capsys):
    """A thousand rows, 25 failures in the highest tenth and 5 below; risk twice too high there."""
    risk = np.linspace(0, 1, 1_000).astype("f4")
    failure = np.where(risk > 0.9, np.arange(1_000) // 4, -1)
    failure[:5] = np.arange(5)
    came = (failure >= 0).astype("f4")
    judged = [
        Judged(np.arange(1_000), came, factor * risk, risk, failure, risk) for factor in (1.0, 2.0)
    ]
    (right,), (wrong,) = map(tenths, judged)
    assert (right.place, right.events, right.rows, right.honest) == (10, 25, 100, True)
    assert (wrong.place, wrong.honest) == (10, False)
    assert wrong.oracle_over_observed == right.expected_over_observed
    figures = done.figures
    first = next(iter(figures.modes))
    mode = msgspec.structs.replace(figures.modes[first], tenths=[right, wrong])
    told = msgspec.structs.replace(figures, modes={first: mode}, tenths_judged=2, tenths_honest=1)
    fleet_command._show(told)
    said = capsys.readouterr().out
    assert "1 of 2 within 0.8 to 1.25" in said
    assert said.count("OFF") == 1


def test_ranges_are_held_against_oracle_and_outcome_at_every_horizon(done):
    ranges = done.figures.ranges
    assert list(ranges) == ["7", "30", "90"]
    assert len({one.cases for one in ranges.values()}) == 1
    for one in ranges.values():
        assert one.cases > 3
        assert 0.3 < one.coverage <= 1
        assert 0.2 < one.coverage_came <= 1
    assert ranges["7"].width < ranges["30"].width


def test_the_fleet_is_held_against_what_a_toy_would_not_have(done, capsys):
    figures, toy = done.figures, done.figures.toy
    truth = PLAN.fleet(fresh=True).truth()
    assert toy.failures == len(truth)
    assert toy.shock_share == pytest.approx(np.mean([not one.predictable for one in truth]))
    assert 0.1 < toy.shock_share < 0.4
    assert 0.1 < toy.threshold_spread < 0.3
    assert list(toy.shuffled_auc) == [m for m, how in figures.methods.items() if how == "trees"]
    assert np.mean(list(toy.shuffled_auc.values())) == pytest.approx(0.5, abs=0.1)
    assert (toy.disguise.vehicles, toy.disguise.rows > 3_000) == (20, True)
    assert toy.disguise.change < 0.001
    known = msgspec.structs.replace(figures, toy=msgspec.structs.replace(toy, shock_share=0.05))
    found = {one.name: one for one in checks(known, known.toy)}
    assert not found["failures that are shocks"].holds
    assert found["risk moved by names, dates"].holds
    assert found["oracle's AUC"].modes == len(figures.modes)
    fleet_command._show(known)
    said = capsys.readouterr().out
    assert "Not a toy" in said
    assert "0.1 to 0.3" in said
    assert said.count("MISSED") == sum(not one.holds for one in found.values())


def test_without_toy_checks_there_is_nothing_to_show(done, capsys):
    plain = msgspec.structs.replace(done.figures, toy=None)
    fleet_command._show(plain)
    assert "Not a toy" not in capsys.readouterr().out
    page = render(fleet_report(PLAN.profile, replace(done, figures=plain), "telltale evaluate"))
    assert "Not a toy" not in page
    assert page.count("<svg") == 11


def test_the_fresh_fleet_shares_no_life_with_the_one_learnt_from():
    known, fresh = (PLAN.fleet(fresh=which) for which in (False, True))
    assert known.truth() != fresh.truth()


def test_the_report_tells_all_that_a_data_scientist_asks(done):
    page = render(fleet_report(PLAN.profile, done, "telltale evaluate fleet"))
    for told in (
        "Beside the oracle",
        "Beside plain rules",
        "Learning curve",
        "Reliability",
        "Calibration by tenth",
        "Ranges of risk",
        "Not a toy",
        "AUC, outcomes shuffled",
        "Precision and recall",
        "Lead time",
        "Cost by line",
        "Gain by workshop capacity",
        "Most important features",
        "chosen on training vehicles alone",
    ):
        assert told in page
    assert page.count("<svg") == 12
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert f"{done.figures.modes['coolant_pump'].auc:.3f}" in page


@pytest.mark.data
def test_a_healthy_cars_drives_are_all_scored(done, data_dir):
    model = healthy._Model(done.bundle, done.record, "learnt in this test")
    told = healthy._judge(data_dir / "carobd", PLAN.profile, model, no_progress)
    found = told.figures
    assert (found.frames, found.model) == (2_571, done.bundle.id)
    assert found.hours == pytest.approx(42.85)
    assert found.rows_scored > 60
    assert set(found.highest_risk_30) == set(found.lines)
    assert found.alerts_per_1000_h == pytest.approx(1_000 * found.alerts / found.hours)
    assert sum(found.raised.values()) == found.alerts
    assert 0 < found.caught_share < 1
    # It reports nothing of its brakes and bearings: their risk is the fleet's rate, not evidence.
    for mode in ("brake_front", "wheel_bearing"):
        place = done.bundle.modes.index(mode)
        assert len(set(told.risk[:, place].tolist())) == 1
    page = render(healthy_report(PLAN.profile, told, "telltale evaluate healthy"))
    assert "Alerts per 1,000 h" in page
    assert "shocks included" in page
    assert page.count("<svg") == 9
