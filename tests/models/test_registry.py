"""The registry: what it keeps, what it refuses, who decided what."""

import itertools
import json
import shutil

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner

from app.champion import Champions
from app.cli.main import app
from contracts.batches import FeatureRows
from contracts.errors import ModelError
from models.bundle import Bundle
from models.registry import Registry
from tests.models.fleet import NOW


def rows(bundle, count=50):
    values = np.random.default_rng(1).normal(size=(count, len(bundle.feature_names)))
    values[values > 2] = np.nan
    return FeatureRows(
        "small",
        bundle.feature_names,
        ["default"] * count,
        [f"V{i}" for i in range(count)],
        np.arange(count) + NOW,
        ["due"] * count,
        values.astype(np.float32),
    )


def test_a_bundle_comes_back_to_the_bit(stored, trained):
    root, name = stored
    bundle, expectation = Registry(root).load(name)
    given, wanted = rows(bundle), trained[0].score(rows(bundle))
    found = bundle.score(given)
    assert (found.risk == wanted.risk).all()
    assert found.model == name == bundle.id == trained[0].id
    assert found.modes == ("overheating", "flat_battery")
    assert expectation.id == trained[0].expectation.id
    assert bundle.lines == trained[0].lines
    assert found.rul is None


def test_the_manifest_says_where_a_model_comes_from(stored, trained):
    root, name = stored
    (manifest,) = Registry(root).list("small")
    assert manifest.record == trained[1]
    assert manifest.id == name
    assert {entry.name for entry in manifest.files} == {
        "expectation.bin",
        "golden.bin",
        "mode-flat_battery.ubj",
        "mode-overheating.ubj",
        "model.json",
        "reference.bin",
        "usual.bin",
    }
    for entry in manifest.files:
        assert (root / "small" / name / entry.name).stat().st_size == entry.size
    assert Registry(root).list("other") == []


def test_contributions_add_up_to_the_log_odds(trained):
    bundle = trained[0]
    values = rows(bundle).values
    for model in bundle.models:
        parts = bundle.contributions(model.mode, values)
        assert parts.shape == (50, len(bundle.feature_names) + 1)
        odds = model.calibration.log_odds(model.margin(values))[:, 2]
        assert parts.sum(axis=1) == pytest.approx(odds, abs=1e-5)


def damaged(payload, rng, kind):
    """The bytes with one bit flipped, cut short, or a few bytes longer."""
    if kind == "flip":
        place = int(rng.integers(len(payload)))
        changed = bytearray(payload)
        changed[place] ^= 1 << int(rng.integers(8))
        return bytes(changed)
    if kind == "cut":
        return payload[: int(rng.integers(len(payload)))]
    return payload + rng.bytes(3)


def test_damage_anywhere_is_refused_and_the_old_champion_stays(copy, trained):
    root, name = copy
    registry = Registry(root)
    # A minute passes between two looks, so that each of them tries to load.
    champions = Champions(registry, ["small"], clock=itertools.count(0, 60).__next__)
    assert champions.refresh()["small"].bundle.id == name
    newer = Bundle(
        "small",
        trained[0].feature_names,
        trained[0].expectation,
        trained[0].models,
        dict.fromkeys(trained[0].lines, 0.5),
    )
    second = registry.save(newer, trained[1])
    registry.promote(second, "champion", "Ada", "other lines", NOW + 1)
    folder = root / "small" / second
    files = sorted(folder.iterdir())
    assert len(files) == 7
    rng = np.random.default_rng(2)
    for number in range(42):
        file = files[number % len(files)]
        whole = file.read_bytes()
        file.write_bytes(damaged(whole, rng, ("flip", "cut", "flip", "more")[number % 4]))
        with pytest.raises(ModelError, match=second):
            Registry(root).load(second)
        assert champions.refresh()["small"].bundle.id == name
        file.write_bytes(whole)
    assert champions.refresh()["small"].bundle.id == second


@pytest.mark.parametrize("file", ["mode-overheating.ubj", "manifest.json", "golden.bin"])
def test_a_missing_file_is_refused(copy, file):
    root, name = copy
    (root / "small" / name / file).unlink()
    with pytest.raises(ModelError, match=name):
        Registry(root).load(name)


def test_a_bundle_under_another_name_is_refused(copy):
    root, name = copy
    (root / "small" / name).rename(root / "small" / "small-0123456789")
    with pytest.raises(ModelError, match="not one of this registry"):
        Registry(root).load("small-0123456789")


@pytest.mark.parametrize("name", ["", "small", "small-", "../small-1", "small-12/../x", "no-1"])
def test_names_that_are_none_are_refused(stored, name):
    with pytest.raises(ModelError, match="no model"):
        Registry(stored[0]).load(name)


@pytest.mark.parametrize("profile", ["../small", "..", "", "small\x00", "/small", "./small"])
def test_a_profile_is_no_way_to_another_place(copy, profile):
    root, name = copy
    Registry(root).promote(name, "champion", "ann", "first", 1)
    (root / "inner").mkdir()
    inner = Registry(root / "inner")
    assert inner.champion(profile) is None
    assert inner.history(profile) == []
    with pytest.raises(ModelError, match="has no champion before"):
        inner.roll_back(profile, "ann", "why", 1)


def test_a_file_that_kills_its_reader_kills_only_the_one_that_tries(copy, trained):
    """A UBJ whose digest is right but whose content crashes or confuses the library."""
    root, name = copy
    bundle = trained[0]
    files = dict(bundle.files)
    broken = bytearray(files["mode-overheating.ubj"])
    broken[len(broken) // 3 : len(broken) // 3 + 400] = bytes(400)
    files["mode-overheating.ubj"] = bytes(broken)
    other = Bundle("small", bundle.feature_names, bundle.expectation, bundle.models, bundle.lines)
    other.__dict__["files"] = files
    with pytest.raises(ModelError):
        Registry(root).save(other, trained[1])
    assert Registry(root).champion("small") == name


def test_decisions_are_written_down_and_can_be_taken_back(copy, trained):
    root, first = copy
    registry = Registry(root)
    bundle = trained[0]
    newer = Bundle(
        "small",
        bundle.feature_names,
        bundle.expectation,
        bundle.models,
        {"overheating": 0.4, "flat_battery": 0.4},
    )
    second = registry.save(newer, trained[1])
    registry.promote(second, "shadow", "Grace", "try it", NOW + 1)
    assert registry.champion("small") == first
    assert registry.alias("small", "shadow") == second
    registry.promote(second, "champion", "Grace", "it was better", NOW + 2)
    assert registry.roll_back("small", "Ada", "too many alerts", NOW + 3) == first
    assert registry.champion("small") == first
    told = [
        (d.time_ms - NOW, d.action, d.alias, d.bundle, d.before, d.actor, d.reason)
        for d in registry.history("small")
    ]
    assert told == [
        (0, "promote", "champion", first, "", "Ada", "the first one"),
        (1, "promote", "shadow", second, "", "Grace", "try it"),
        (2, "promote", "champion", second, first, "Grace", "it was better"),
        (3, "roll back", "champion", first, second, "Ada", "too many alerts"),
    ]
    with pytest.raises(ModelError, match="no champion before"):
        registry.roll_back("small", "Ada", "not forth", NOW + 4)


def test_a_trial_can_be_ended_and_a_champion_can_not(copy):
    root, name = copy
    registry = Registry(root)
    for alias in ("shadow", "challenger"):
        registry.promote(name, alias, "Ada", "to be tried", NOW + 1)
        assert registry.withdraw("small", alias, "Grace", "seen enough", NOW + 2) == name
        assert registry.alias("small", alias) is None
        last = registry.history("small")[-1]
        assert (last.action, last.alias, last.bundle, last.before) == ("withdraw", alias, "", name)
        with pytest.raises(ModelError, match=f"profile small has no {alias}"):
            registry.withdraw("small", alias, "Grace", "again", NOW + 3)
    with pytest.raises(ModelError, match="promote another champion or roll back"):
        registry.withdraw("small", "champion", "Grace", "", NOW + 4)
    assert registry.champion("small") == name


def test_the_first_champion_can_not_be_rolled_back(stored):
    with pytest.raises(ModelError, match="no champion before"):
        Registry(stored[0]).roll_back("small", "Ada", "", NOW)
    with pytest.raises(ModelError, match="no champion before"):
        Registry(stored[0]).roll_back("other", "Ada", "", NOW)


def test_a_damaged_model_can_not_be_promoted(copy):
    root, name = copy
    file = root / "small" / name / "model.json"
    file.write_bytes(file.read_bytes()[:-2])
    with pytest.raises(ModelError, match="damaged"):
        Registry(root).promote(name, "challenger", "Ada", "", NOW)
    assert Registry(root).alias("small", "challenger") is None


def test_what_is_damaged_is_told_with_the_reason(copy, monkeypatch):
    root, name = copy
    registry = Registry(root)
    assert registry.damaged() == registry.survey()[1] == {}
    (root / "small" / name / "model.json").write_bytes(b"{}")
    torn = shutil.copytree(root / "small" / name, root / "small" / "small-torn")
    (torn / "manifest.json").write_bytes(b'{"format": ')
    found = registry.damaged("small")
    assert found.keys() == {("small", name), ("small", "small-torn")}
    assert "model.json is not what was written" in found["small", name]
    assert "its manifest is not what was written" in found["small", "small-torn"]
    assert registry.damaged("other") == registry.survey("other")[1] == {}
    listed, left_out = registry.survey("small")
    assert [one.id for one in listed] == [name]
    assert left_out == {("small", "small-torn"): found["small", "small-torn"]}

    monkeypatch.setenv("TELLTALE_HOME", str(root.parent))
    listed = json.loads(CliRunner().invoke(app, ["models", "list", "--json"]).stdout)
    assert {one["model"]: one["damaged"] for one in listed} == {
        model: why for (_, model), why in found.items()
    }
    assert listed[0]["aliases"] == ["champion"]
    told = CliRunner().invoke(app, ["models", "list"]).stdout
    assert "DAMAGED: model small-torn is damaged" in told


def test_damaged_aliases_are_a_clear_error(copy):
    root, _ = copy
    (root / "small" / "aliases.json").write_bytes(b'{"champion": ')
    with pytest.raises(ModelError, match=r"aliases\.json"):
        Registry(root).champion("small")


def test_saving_twice_is_saving_once(copy, trained):
    root, name = copy
    before = (root / "small" / name / "manifest.json").stat().st_mtime_ns
    again = msgspec.structs.replace(trained[1], seconds=99.0)
    assert Registry(root).save(trained[0], again) == name
    assert (root / "small" / name / "manifest.json").stat().st_mtime_ns == before
    assert not list(root.glob("small/.new*"))
