"""From history to a bundle: point in time, bounded, reproducible, honest about what it can't do."""

from dataclasses import replace

import numpy as np
import pytest

from app.flow.effects import Expected
from app.flow.score import Champion, score
from contracts.batches import FeatureRows
from contracts.errors import DataError
from features.expectation import Expectation
from features.profile import builtin_profile
from features.vector import feature_specs
from models import scarce as scarce_module
from models import spool as spool_module
from models import table as table_module
from models.bundle import bundle_of
from models.calibration import Calibration
from models.fared import came_in_days
from models.fit import Trees, own_columns
from models.memory_history import MemoryHistory
from models.metrics import auc, expected_over_observed
from models.table import Scope, tabulate
from models.training import Options, train, train_on
from tests.models.fleet import DAY, PROFILE, QUICK, SCOPE, START, UNTIL, history, vehicle

NEUTRAL = Expectation.neutral(PROFILE)


@pytest.fixture(scope="module")
def table():
    return tabulate(history(40), PROFILE, NEUTRAL, SCOPE)


@pytest.fixture(scope="module")
def trained(table):
    return train_on(table, NEUTRAL, QUICK)


def test_figures_are_those_of_vehicles_that_were_held_out(trained):
    bundle, record = trained
    assert [one.method for one in record.modes] == ["trees", "trees"]
    for one in record.modes:
        assert 0.6 < one.auc < 0.95
        assert 0.8 < one.expected_over_observed < 1.25
        assert len(one.rounds) == 5
        assert one.line == bundle.lines[one.mode]
    assert record.vehicles == 40
    assert record.rows == 6_348
    assert record.until_ms == UNTIL


def test_a_fresh_fleet_is_scored_as_well_as_promised(trained):
    """Nothing was learnt by heart: new vehicles are as easy as those held out in training."""
    bundle, record = trained
    fresh = tabulate(history(40, seed=77), PROFILE, bundle.expectation, SCOPE)
    risk = bundle.risk(fresh.values(), (30,))[:, :, 0]
    for place, one in enumerate(record.modes):
        label = fresh.label(one.mode)
        came = np.where((label < 0) & (label >= -3), 1.0, 0.0)
        known = (label >= 3) | (label < 0)
        assert auc(came[known], risk[known, place]) == pytest.approx(one.auc, abs=0.1)
        assert 0.7 < expected_over_observed(came[known], risk[known, place]) < 1.4


def test_shuffled_outcomes_can_not_be_learnt(table):
    known = np.flatnonzero(table.time_ms < UNTIL - 90 * DAY)
    labels = np.zeros_like(table.labels)
    labels[:, known] = table.labels[:, np.random.default_rng(1).permutation(known)]
    _, record = train_on(replace(table, labels=labels), NEUTRAL, QUICK)
    for one in record.modes:
        assert one.auc == pytest.approx(0.5, abs=0.05)


def test_the_same_seed_gives_the_same_model_however_many_jobs(table, trained):
    two = replace(QUICK, trees=replace(QUICK.trees, jobs=2))
    assert train_on(table, NEUTRAL, two)[0].id == trained[0].id
    assert train_on(table, NEUTRAL, replace(QUICK, seed=2))[0].id != trained[0].id


def test_rows_are_as_of_their_time(table):
    """What happens later changes no earlier row."""
    early = Scope("default", START, START + 120 * DAY)
    before = tabulate(history(40), PROFILE, NEUTRAL, early)
    rows = np.flatnonzero(table.time_ms < early.until_ms)
    assert (table.time_ms[rows] == before.time_ms).all()
    assert table.values(rows) == pytest.approx(before.values(), nan_ok=True)


def test_groups_and_chunks_change_no_row(table, monkeypatch):
    monkeypatch.setattr(table_module, "GROUP", 7)
    monkeypatch.setattr(spool_module, "CHUNK_BYTES", 50_000)
    parts = tabulate(history(40), PROFILE, NEUTRAL, SCOPE)
    assert (parts.time_ms == table.time_ms).all()
    assert (parts.labels == table.labels).all()
    assert parts.values() == pytest.approx(table.values(), rel=1e-4, abs=1e-4, nan_ok=True)
    rows = np.concatenate([rows for rows, _ in parts.chunks()])
    values = np.concatenate([values for _, values in parts.chunks()])
    assert sorted(rows) == list(range(len(parts)))
    assert values[np.argsort(rows)] == pytest.approx(parts.values(), nan_ok=True)


def test_spans_change_no_values(table, monkeypatch):
    """They change which rows are kept, for thinning begins anew with each."""
    monkeypatch.setattr(table_module, "SPAN_MS", 11 * DAY)
    parts = tabulate(history(40), PROFILE, NEUTRAL, SCOPE)
    seen = {key: row for row, key in enumerate(zip(table.vehicle, table.time_ms, strict=True))}
    pairs = [
        (row, seen[key])
        for row, key in enumerate(zip(parts.vehicle, parts.time_ms, strict=True))
        if key in seen
    ]
    assert len(pairs) > 0.6 * len(table)
    own, other = np.array(pairs).T
    assert parts.values(own) == pytest.approx(table.values(other), rel=1e-4, abs=1e-4, nan_ok=True)


def test_a_broken_vehicle_gives_no_rows(table):
    assert table.courses[0].broken.size
    for place, course in enumerate(table.courses):
        times = table.time_ms[table.vehicle == place]
        for start, end in course.broken.tolist():
            assert not ((times >= start) & (times < end)).any()


def test_rows_begin_at_since_but_remember_what_was_before(table):
    late = tabulate(history(40), PROFILE, NEUTRAL, replace(SCOPE, since_ms=START + 100 * DAY))
    rows = np.flatnonzero(table.time_ms >= START + 101 * DAY)
    found = np.flatnonzero(late.time_ms >= START + 101 * DAY)
    same = np.isin(late.time_ms[found], table.time_ms[rows])
    assert same.mean() > 0.4  # thinning starts at another row
    age = table.names.index("vehicle.age_days")
    assert late.values()[:, age].min() > 90


def scarce(failures):
    """A fleet with so many failures of one mode, and many of the other."""
    left = failures
    chunks = []
    for number in range(40):
        summaries, events = vehicle(number, 1)
        kept = []
        for event in events:
            if event.code == "overheating":
                left -= 1
                if left < 0:
                    continue
            kept.append(event)
        chunks.append((summaries, kept))
    return MemoryHistory("small", chunks)


def test_too_few_failures_get_the_fleets_rate_and_say_so(monkeypatch):
    monkeypatch.setattr(scarce_module, "LEAST_TOGETHER", 10_000)
    bundle, record = train(scarce(3), PROFILE, QUICK)
    few, many = record.modes
    assert (few.method, few.failures, many.method) == ("prior", 3, "trees")
    assert "risk is the fleet's rate" in few.note
    rows = np.random.default_rng(1).normal(size=(5, len(bundle.feature_names)))
    risk = bundle.risk(rows.astype(np.float32), (7, 30, 90))[:, 0]
    assert (risk == risk[0]).all()
    assert 0 < risk[0, 0] < risk[0, 1] < risk[0, 2] < 0.2
    assert risk[0, 1] < bundle.lines["overheating"]


@pytest.fixture(scope="module")
def helped():
    """A bundle and record of a fleet with three failures of the first mode."""
    return train(scarce(3), PROFILE, QUICK)


def test_too_few_failures_are_learnt_from_with_those_of_other_modes(helped):
    """On a fresh fleet, where the mode fails often, they rank better than the fleet's rate, which
    ranks nothing; the risk is that of a mode that failed three times.
    """
    bundle, record = helped
    few, many = record.modes
    assert (few.method, few.failures, many.method) == ("pooled", 3, "trees")
    assert "with all modes together" in few.note
    fresh = tabulate(history(40, seed=77), PROFILE, bundle.expectation, SCOPE)
    came = came_in_days(fresh, "overheating")
    known = np.isfinite(came)
    risk = bundle.risk(fresh.values(np.flatnonzero(known)), (30,))[:, 0, 0]
    assert auc(came[known], risk) > 0.58
    assert 0.02 < expected_over_observed(came[known], risk) < 0.5


def test_a_mode_learnt_with_others_is_kept_whole_and_explained(helped, table):
    bundle = helped[0]
    again = bundle_of(bundle.files)
    values = table.values(np.arange(300))
    assert (again.risk(values, (7, 30)) == bundle.risk(values, (7, 30))).all()
    parts = bundle.contributions("overheating", values)
    model = bundle.models[0]
    place = int(np.searchsorted(model.ends_days, 30))
    odds = model.calibration.log_odds(model.margin(values))[:, place]
    assert parts.sum(axis=1) == pytest.approx(odds, abs=1e-4)


def test_a_mode_that_fails_twice_as_often_has_twice_the_hazard():
    plain = Calibration((-4.0, -3.0), (1.0, 0.8), (0.0,), (1.0, 1.5), (0.01, 0.02))
    margin = np.linspace(-3, 1, 9).astype(np.float32)
    ratio = plain.times(2.0).hazard(margin) / plain.hazard(margin)
    assert ratio == pytest.approx(2.0, rel=0.06)


def test_a_mode_that_never_failed_alerts_nobody():
    bundle, record = train(scarce(0), PROFILE, QUICK)
    assert record.modes[0].failures == 0
    risk = bundle.risk(np.zeros((1, len(bundle.feature_names)), np.float32), (30,))
    assert 0 < risk[0, 0] < bundle.lines["overheating"]


def test_a_fleet_that_never_failed_gets_no_probabilities():
    """A champion without modes: the worker keeps features, and has nothing to store as risk."""
    sound = MemoryHistory("small", ((vehicle(number, 1)[0], []) for number in range(8)))
    bundle, record = train(sound, PROFILE, QUICK)
    assert bundle.modes == ()
    assert "nothing of this fleet has failed yet" in record.notes[0]
    values = np.zeros((2, len(bundle.feature_names)), np.float32)
    rows = FeatureRows(
        "small", bundle.feature_names, ["t"] * 2, ["a", "b"], np.arange(2), ["due"] * 2, values
    )
    assert bundle.score(rows).risk.shape == (2, 0, 3)
    champions = {"small": Champion(bundle, bundle.expectation)}
    done = score([Expected(bundle.expectation.id, rows)], champions)
    assert (done.risk, done.refused) == ([], {})
    assert [list(one.vehicle_id) for one in done.heard] == [["a", "b"]]
    assert [one.model for one in done.unusual] == [bundle.id]


def test_an_empty_history_is_a_clear_error():
    with pytest.raises(DataError, match="no history of profile small"):
        train(MemoryHistory("small", []), PROFILE, Options())


def test_days_without_data_are_a_clear_error():
    late = Options(since_ms=4_102_444_800_000)
    with pytest.raises(DataError, match="nothing of small is stored between 2100-01-01 and"):
        train(history(16), PROFILE, late, expectation=NEUTRAL)


def test_a_given_expectation_is_kept():
    bundle, _ = train(history(16), PROFILE, QUICK, expectation=NEUTRAL)
    assert bundle.expectation.id == NEUTRAL.id
    fitted, _ = train(history(16), PROFILE, QUICK)
    assert fitted.expectation.id != NEUTRAL.id


def test_a_bundle_scores_rows_as_the_worker_asks(trained):
    bundle = trained[0]
    values = np.zeros((3, len(bundle.feature_names)), np.float32)
    rows = FeatureRows("small", bundle.feature_names, ["t"] * 3, ["a", "b", "c"],
                       np.arange(3), ["due"] * 3, values)  # fmt: skip
    found = bundle.score(rows)
    assert found.risk.shape == (3, 2, 3)
    assert found.risk.dtype == np.float32
    assert (np.diff(found.risk, axis=2) >= 0).all()
    empty = FeatureRows("small", bundle.feature_names, [], [], np.arange(0), [], values[:0])
    assert bundle.score(empty).risk.shape == (0, 2, 3)


def test_depth_and_rounds_are_those_asked_for(table):
    small = replace(QUICK, trees=Trees(rounds=3, max_depth=2, jobs=1))
    _, record = train_on(table, NEUTRAL, small)
    assert max(max(one.rounds) for one in record.modes) <= 3
    assert record.parameters["max_depth"] == 2


def test_a_row_that_knows_nothing_of_a_mode_gets_the_fleets_rate(table, trained):
    bundle, _ = trained
    values = table.values(np.arange(400))
    own = tuple(
        place
        for place, name in enumerate(bundle.feature_names)
        if name.startswith("engine_coolant_temperature.mean")
    )
    plain = bundle.models[0]
    model = replace(plain, own=own)
    blind = values.copy()
    blind[:, own] = np.nan
    assert plain.margin(blind).any()
    assert not model.margin(blind).any()
    assert not model.shares(blind).any()
    assert np.array_equal(model.margin(values), plain.margin(values))
    # One signal of its own alone says something.
    blind[:, own[0]] = values[:, own[0]]
    assert np.array_equal(model.margin(blind), plain.margin(blind))
    again = bundle_of(replace(bundle, models=(model, *bundle.models[1:])).files)
    assert again.models[0].own == own


def test_a_modes_own_columns_are_its_signals_and_its_codes():
    profile = builtin_profile("car-combustion")
    specs = feature_specs(profile)
    for mode in profile.modes:
        own = [specs[place] for place in own_columns(profile, mode)]
        assert {one.signal for one in own if one.kind == "mean"} == set(mode.signals)
        assert {one.subject for one in own if one.kind == "count"} == set(mode.fault_codes)
