"""A vehicle's battery health: what its charges tell, and when they can't."""

import numpy as np
import pytest

from contracts.errors import ModelError
from ingest.adapters.nasa_cells import read_cells
from models.battery import NEW, fit_health
from models.evaluation.battery import NEW_CYCLES, life_of
from models.pack import FIRST, GAP_S, LABORATORY, LEAST, alike, charges_of, pack_health

DAY_MS = 86_400_000
FRAME_S = 60


def charge(day, hours=2.0, amps=40.0, start=3.6, end=4.18):
    """Frames of a minute: time, volts a cell, amps."""
    count = int(hours * 3_600 / FRAME_S)
    time_ms = day * DAY_MS + np.arange(count) * FRAME_S * 1_000
    return time_ms, np.linspace(start, end, count), np.full(count, amps)


def together(*charges):
    return charges_of(*(np.concatenate(column) for column in zip(*charges, strict=True)))


def aged(days, left):
    """Charges a day, the later ones shorter: so much of the charge is left."""
    new = [charge(day) for day in range(FIRST)]
    return together(*new, *(charge(FIRST + day, hours=2.0 * left) for day in range(days)))


def test_a_charge_counts_what_passed_in_the_stretch():
    (found,) = together(charge(3))
    assert found.start_ms == 3 * DAY_MS
    assert found.passed_ah == pytest.approx(80 * 0.35 / 0.58, rel=0.02)


def test_a_long_pause_ends_a_charge_and_a_part_of_one_tells_nothing():
    time_ms, volts, amps = charge(0)
    half = len(time_ms) // 2
    time_ms[half:] += int(GAP_S * 1_000)
    assert charges_of(time_ms, volts, amps) == []
    assert together(charge(0, end=4.1), charge(1, start=3.9)) == []
    assert together(charge(0, hours=0.1)) == []


def test_lost_charge_is_lost_health_within_its_bounds():
    told = pack_health(aged(days=9, left=0.8)).estimate
    assert told.value == pytest.approx(NEW - 0.2 * LABORATORY.slopes[0], abs=1.0)
    assert told.low < told.value < told.high < NEW
    assert not told.reason


def test_more_charge_than_when_new_is_said_and_explained():
    told = pack_health(aged(days=9, left=1.2)).estimate
    assert told.value > NEW
    assert "replaced" in told.reason
    assert pack_health(aged(days=9, left=1.01)).estimate.value == NEW


def test_charges_at_another_current_are_left_out():
    slow = [charge(day) for day in range(LEAST)]
    fast = charge(LEAST, hours=0.5, amps=120.0)
    found = together(*slow, fast)
    assert len(found) == LEAST + 1
    assert len(alike(found)) == LEAST
    assert alike([]) == []


def test_too_few_charges_tell_nothing():
    with pytest.raises(ModelError, match=r"5 charges went from 3\.8 to 4\.15 V"):
        pack_health(aged(days=0, left=1.0))


@pytest.fixture(scope="module")
def cells(data_dir):
    return read_cells(data_dir / "nasa_battery")


def learnt(cells):
    """The model of their charges alone."""
    lives = [life_of(name, cell) for name, cell in cells.items()]
    return fit_health([(life.passed * [1, np.nan], life.health) for life in lives])


@pytest.mark.data
def test_the_laboratory_model_is_that_of_nasas_cells(cells):
    model = learnt(cells)
    assert model.slopes == pytest.approx(LABORATORY.slopes, rel=1e-3)
    assert model.repeatability == pytest.approx(LABORATORY.repeatability, rel=1e-2)
    assert model.disagreement == pytest.approx(LABORATORY.disagreement, rel=1e-2)
    assert model.factor == pytest.approx(LABORATORY.factor, rel=1e-2)


@pytest.mark.data
@pytest.mark.parametrize(("name", "other"), [("B0005", "B0006"), ("B0006", "B0005")])
def test_a_real_cell_in_frames_of_a_minute_is_told_by_another(cells, name, other):
    cell, model = cells[name], learnt({other: cells[other]})
    new = np.median([cell.capacity_ah[number] for number in NEW_CYCLES])
    charges = together(*(minutes(day, cell.charges[day]) for day in sorted(cell.charges)))
    errors, held = [], []
    for seen in range(LEAST, len(charges) + 1):
        last = charges[seen - 1].start_ms // DAY_MS
        truth = NEW * cell.capacity_ah.get(last, np.nan) / new
        told = pack_health(charges[:seen], model).estimate
        errors.append(told.value - truth)
        held.append(told.low <= truth <= told.high)
    assert np.sqrt(np.nanmean(np.square(errors))) < 4
    assert np.mean(held) > 0.9


def minutes(day, curve):
    """A charge as frames of a minute show it."""
    place = (curve.time_s // FRAME_S).astype(int)
    frames = np.unique(place)
    volts, amps = (
        np.array([column[place == at].mean() for at in frames])
        for column in (curve.volts, curve.amps)
    )
    return day * DAY_MS + frames * FRAME_S * 1_000, volts, amps
