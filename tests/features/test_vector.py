"""Names and specs of features."""

import pytest

from features.profile import builtin_profile, profile_names
from features.vector import feature_names, feature_specs
from tests.features.logs import PROFILE


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_names_each_feature_once(name):
    profile = builtin_profile(name)
    names = feature_names(profile)
    assert len(set(names)) == len(names)
    paths = {signal.path for signal in profile.signals}
    assert all(spec.signal in paths or spec.signal == "" for spec in feature_specs(profile))


def test_names_say_subject_kind_and_half_life():
    specs = {spec.name: spec for spec in feature_specs(PROFILE)}
    slope = specs["engine_coolant_temperature.slope_7d"]
    assert (slope.kind, slope.half_life) == ("slope", "7d")
    assert slope.signal == "Powertrain.CombustionEngine.EngineCoolant.Temperature"
    for name in ("battery.age_days", "P0217.count_1d", "other_codes.count_30d", "speed.mean_1h"):
        assert name in specs
    assert "speed.slope_7d" not in specs


def test_the_recipe_for_turbofans_is_contained():
    """Residual now, means at four half-lives, deviations at two, slopes at three, two drifts."""
    kinds = [
        spec.kind for spec in feature_specs(PROFILE) if spec.subject == "engine_coolant_temperature"
    ]
    counts = {kind: kinds.count(kind) for kind in kinds}
    assert (
        counts.items()
        >= {"now": 1, "mean": 4, "std": 2, "slope": 3, "recent": 1, "baseline": 1}.items()
    )
