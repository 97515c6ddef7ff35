"""Health of cells: counted charge, two witnesses, honest bounds, nothing above new unexplained."""

from dataclasses import replace

import numpy as np
import pytest

from contracts.errors import DataError, ModelError
from ingest.adapters.nasa_cells import read_cells
from models.battery import (
    CHARGE_V,
    HealthModel,
    Passage,
    fit_health,
    new_level,
    passed_between,
    witnesses,
)
from models.evaluation.battery import evaluate
from models.reports.battery import battery_report
from models.reports.page import render

TOLD = HealthModel([60.0, 50.0], 0.5, 1.0, 2.0)


def charge(amps=1.5, hours=1.0, start=3.0, end=4.2, rest=3.0, samples=500):
    """A cell charged at constant current whose voltage rises in a straight line."""
    time_s = np.linspace(0, hours * 3_600, samples)
    return Passage(
        np.append(-60.0, time_s),
        np.append(rest, np.linspace(start, end, samples)),
        np.append(0.0, np.full(samples, amps)),
    )


def lives(cells, seed, cycles=120):
    """Cells whose witnesses lose charge at rates of their own, with noise."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(cells):
        health = np.linspace(99, 65, cycles) + 0.3 * random.standard_normal(cycles)
        rate = np.array([60, 50]) * (1 + 0.06 * random.standard_normal(2))
        passed = 1 + (health[:, None] - 100) / rate + 0.01 * random.standard_normal((cycles, 2))
        found.append((passed, health))
    return found


def test_charge_is_counted_between_two_voltages():
    assert passed_between(charge(), 3.6, 3.9) == pytest.approx(1.5 * 0.3 / 1.2, rel=1e-3)
    falling = charge(amps=-2.0, start=4.2, end=3.0, rest=4.2)
    assert passed_between(falling, 3.9, 3.6) == pytest.approx(2.0 * 0.3 / 1.2, rel=1e-3)


def test_a_stretch_that_was_not_crossed_whole_is_unknown():
    assert np.isnan(passed_between(charge(end=4.0), *CHARGE_V))
    assert np.isnan(passed_between(charge(start=3.9, rest=3.9), *CHARGE_V))
    assert np.isnan(passed_between(charge(amps=0.0), *CHARGE_V))
    assert np.isnan(witnesses(None, None)).all()


def test_a_voltage_lifted_past_the_start_by_the_current_alone_counts_from_there():
    lifted = passed_between(charge(start=3.85, end=4.2, rest=3.4), 3.8, 4.15)
    assert lifted == pytest.approx(1.5 * 0.3 / 0.35, rel=0.01)


def test_slopes_are_found_and_bounds_hold_on_cells_not_seen():
    held, errors = [], []
    for seed in range(20):
        known, (passed, health) = lives(1, seed), lives(1, 100 + seed)[0]
        value, low, high = fit_health(known).bounds(passed).T
        held.append(np.mean((low <= health) & (health <= high)))
        errors.append(np.sqrt(np.mean((value - health) ** 2)))
    assert np.mean(errors) < 2
    assert 0.85 < np.mean(held) < 0.99


def test_witnesses_that_disagree_widen_the_bounds():
    agreeing, apart = TOLD.bounds(np.array([[0.9, 0.88], [0.95, 0.82]]))
    assert agreeing[0] == pytest.approx(94, abs=0.1)
    assert apart[2] - apart[1] > 3 * (agreeing[2] - agreeing[1])


def test_one_witness_alone_counts_with_the_usual_disagreement():
    value, low, high = TOLD.bounds(np.array([[0.9, np.nan]]))[0]
    assert value == pytest.approx(94)
    assert high - low == pytest.approx(2 * 2 * np.hypot(0.5, 1.0))
    with pytest.raises(ModelError, match="health can't be told"):
        TOLD.estimate(np.array([np.nan, np.nan]))


def test_nothing_exceeds_new_without_saying_why():
    usual = TOLD.estimate(np.array([1.005, 1.002]))
    assert (usual.value, usual.high, usual.reason) == (100, 100, "")
    beyond = TOLD.estimate(np.array([1.2, 1.25]))
    assert beyond.value > 110
    assert "replaced" in beyond.reason


def test_new_is_the_median_of_what_was_seen():
    found = new_level(np.array([[1.0, np.nan], [9.0, np.nan], [1.2, np.nan]]))
    np.testing.assert_array_equal(found, [1.2, np.nan])


def test_too_few_cycles_are_refused():
    with pytest.raises(ModelError, match="too few"):
        fit_health([(np.ones((9, 2)), np.full(9, 100.0))])


@pytest.mark.data
def test_a_real_cell_is_told_from_another(data_dir):
    cells = read_cells(data_dir / "nasa_battery")
    for fit, test in (("B0005", "B0006"), ("B0006", "B0005")):
        figures = evaluate(cells, [fit], test).figures
        assert figures.rmse_points <= 2.5
        assert figures.coverage_90 >= 0.85
        assert figures.width_90 < 10
        assert figures.cycles == 162
        assert set(figures.cells) == {fit, test}
        for one in figures.cells.values():
            assert 0 < one.low < one.soh < one.high < 100
            assert (one.cycle > 160, one.reason) == (True, "")
    with pytest.raises(DataError, match="may not be in --fit"):
        evaluate(cells, ["B0005"], "B0005")


@pytest.mark.data
def test_the_report_says_what_the_interval_holds_and_what_more_cycles_would_bring(data_dir):
    done = evaluate(read_cells(data_dir / "nasa_battery"), ["B0005"], "B0006")
    held = [share for *_, share in done.stretches]
    assert len(held) == 6
    assert np.mean(held) == pytest.approx(done.figures.coverage_90, abs=0.01)
    assert (done.stretches[0][0], done.stretches[-1][1]) == (done.cycle[0], done.cycle[-1])
    cycles, errors = done.learning
    assert (cycles[0], cycles[-1]) == (30, len(done.known[0][1]))
    assert errors[-1] == pytest.approx(done.figures.rmse_points)
    assert errors[0] > errors[-1]
    assert done.weights.sum() == pytest.approx(1)
    page = render(battery_report(done, "telltale evaluate battery"))
    for told in ("does the interval hold", "Learning curve", "Most important features"):
        assert told in page
    assert page.count("<svg") == 5


@pytest.mark.data
def test_a_replaced_cell_says_why_it_exceeds_new(data_dir):
    cells = read_cells(data_dir / "nasa_battery")
    cell = cells["B0006"]
    for curves in (cell.charges, cell.discharges):
        larger = replace(curves[3], amps=1.5 * curves[3].amps)
        curves[max(cell.capacity_ah)] = larger
    done = evaluate(cells, ["B0005"], "B0006")
    assert done.figures.cells["B0006"].soh > 100
    assert "it was replaced" in done.figures.cells["B0006"].reason
    assert done.figures.beyond_new >= 1
    assert done.bounds.max() > 100
    page = render(battery_report(done, "telltale evaluate battery"))
    assert "Health of B0006" in page
    assert "it was replaced" in page


@pytest.mark.data
def test_the_capacity_of_the_cell_judged_changes_no_estimate(data_dir):
    cells = read_cells(data_dir / "nasa_battery")
    before = evaluate(cells, ["B0005"], "B0006").bounds
    capacity = cells["B0006"].capacity_ah
    for number in capacity:
        capacity[number] *= 0.5 + 0.001 * number
    np.testing.assert_array_equal(evaluate(cells, ["B0005"], "B0006").bounds, before)
