"""Remaining life: learnt, kept within its cap, stored whole, the same alone or in company."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from contracts.errors import DataError, ModelError
from features.expectation import Expectation
from features.profile import builtin_profile
from ingest.adapters.cmapss import read
from ingest.adapters.cmapss_lives import read_lives, subset_files
from ingest.adapters.reading import ReadOptions
from models import rul, training
from models.bundle import Bundle
from models.evaluation.cmapss import evaluate, phm08_score
from models.evaluation.history import read_history
from models.grow import LocalGrower
from models.rul import RulOptions, fit_rul, from_files, rul_rows
from models.table import Scope, tabulate
from models.verify import check, golden
from tests.models.engines import write_subset

PROFILE = builtin_profile("turbofan")
NEUTRAL = Expectation.neutral(PROFILE)
QUICK = RulOptions(seeds=(1, 2), folds=3, eta=0.1, rounds=80, patience=20, rows=2_500)


def histories(folder, subset="FD002"):
    runs, cut, lives = subset_files(folder, subset)
    train = read_history(PROFILE, read(runs, ReadOptions())).history
    test = read_history(PROFILE, read(cut, ReadOptions())).history
    return train, test, np.array(read_lives(lives), np.float32)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cmapss")
    write_subset(folder, "FD002")
    return evaluate(PROFILE, "FD002", *histories(folder), QUICK)


def test_life_left_is_learnt_and_its_interval_holds(done):
    found = done.figures
    spread = np.minimum(done.true_life, 125).std()
    assert found.rmse_capped < 0.6 * spread
    assert found.coverage_80 <= found.coverage_90
    assert found.coverage_90 >= 0.75
    assert found.width_80 < found.width_90 < 80
    assert (found.train_engines, found.test_engines) == (30, 30)


def test_every_row_stays_within_the_cap_and_its_bounds(done):
    value, low, high = done.model.predict(done.train.values).T
    assert (low >= 0).all()
    assert (low <= value).all()
    assert (value <= high).all()
    assert (high <= 125).all()


def test_a_row_has_the_same_life_alone_or_in_company(done):
    values = done.train.values[:300]
    whole = done.model.predict(values)
    alone = np.concatenate([done.model.predict(values[i : i + 1]) for i in range(0, 300, 7)])
    np.testing.assert_array_equal(whole[::7], alone)


def test_files_bring_the_model_back(done):
    files = done.model.to_files()
    assert all(name.startswith("rul") for name in files)
    again = from_files(files)
    values = done.train.values[:50]
    np.testing.assert_array_equal(again.predict(values), done.model.predict(values))
    with pytest.raises(ModelError, match="can't be read"):
        from_files({"rul.json": files["rul.json"][:-5]})


def test_golden_rows_tell_of_remaining_life_too(done):
    rows = done.train.values[:8]
    bundle = Bundle("turbofan", done.names, NEUTRAL, (), {}, done.model, trial=rows)
    stored = golden(bundle)
    check(bundle, stored)
    sooner = replace(bundle, rul=replace(done.model, cap=100.0))
    with pytest.raises(ModelError, match="golden rows otherwise"):
        check(sooner, stored)


def test_a_training_passes_its_seed_on_and_writes_down_how_life_was_judged(tmp_path, monkeypatch):
    write_subset(tmp_path, "FD002")
    asked = []

    def quick(rows, profile, options, progress):
        asked.append(options.seeds)
        return fit_rul(rows, profile, replace(QUICK, seeds=options.seeds), progress)

    monkeypatch.setattr(training, "fit_rul", quick)
    bundle, record = training.train(
        histories(tmp_path)[0],
        PROFILE,
        training.Options(seed=7, least_failures=1_000),
        NEUTRAL,
        growers=partial(LocalGrower),
    )
    assert bundle.rul
    assert asked == [(7, 8, 9)]
    assert record.parameters["rul_seeds"] == "7, 8, 9"
    assert len(record.parameters["rul_rounds"].split(", ")) == QUICK.folds
    found = record.figures
    assert 0 < found["rul_cv_rmse"] < found["rul_cv_width_90"] < 80
    assert abs(found["rul_cv_bias"]) < 5
    assert (found["rul_units"], found["rul_rows"] > 3_000) == (30, True)
    assert any("--dask and --device don't apply" in note for note in record.notes)


def test_engines_in_a_fold_are_not_learnt_from(done):
    """Ends drawn by lot can't be told on engines left out, however well they are learnt."""
    random = np.random.default_rng(3)
    lot = random.permutation(len(done.train.vehicles))
    drawn = replace(
        done.train,
        values=random.standard_normal(done.train.values.shape).astype(np.float32),
        life_left=(30 + 3 * lot[done.train.vehicle]).astype(np.float32),
    )
    _, fit = fit_rul(drawn, PROFILE, QUICK)
    target = np.minimum(drawn.life_left, 125)
    assert np.sqrt(np.mean((fit.predicted - target) ** 2)) > 0.9 * target.std()


def test_rows_learnt_from_are_bounded_however_long_history_is(tmp_path, monkeypatch):
    write_subset(tmp_path, "FD002")
    history = histories(tmp_path)[0]
    scope = Scope("default", *history.span("default", PROFILE.name), PROFILE.score_interval_ms)
    table = tabulate(history, PROFILE, NEUTRAL, scope)
    whole = rul_rows(table)
    assert len(whole) > 4_000
    monkeypatch.setattr(rul, "MOST_ROWS", 1_000)
    some = rul_rows(table)
    assert 800 < len(some) <= 1_000
    assert set(some.vehicle) == set(whole.vehicle)
    step = -(-len(whole) // 1_000)
    np.testing.assert_array_equal(some.life_left, whole.life_left[::step])
    np.testing.assert_array_equal(some.values, whole.values[::step])


def test_too_few_engines_are_refused(done):
    few = done.train.vehicle < 10
    rows = replace(
        done.train,
        values=done.train.values[few],
        vehicle=done.train.vehicle[few],
        life_left=done.train.life_left[few],
    )
    with pytest.raises(ModelError, match="too few"):
        fit_rul(rows, PROFILE, QUICK)


def test_late_predictions_score_worse_than_early_ones():
    late = phm08_score(np.float32([30]), np.float32([20]))
    early = phm08_score(np.float32([10]), np.float32([20]))
    assert late == pytest.approx(np.e - 1)
    assert early == pytest.approx(np.exp(10 / 13) - 1)


def test_lives_that_do_not_belong_are_named(tmp_path):
    write_subset(tmp_path, "FD004", engines=22)
    train, test, lives = histories(tmp_path, "FD004")
    with pytest.raises(DataError, match="22 engines to test, but 21 true lives"):
        evaluate(PROFILE, "FD004", train, test, lives[1:], QUICK)
    (tmp_path / "RUL_FD004.txt").write_text("12\nmany\n")
    with pytest.raises(DataError, match=r"line 2: the remaining life is 'many'"):
        read_lives(tmp_path / "RUL_FD004.txt")
    with pytest.raises(DataError, match="no train_FD003"):
        subset_files(tmp_path, "FD003")
