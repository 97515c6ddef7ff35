"""A champion as large as a real one: four modes of 300 trees of depth 6, learnt from noise."""

import time

import numpy as np
import xgboost as xgb

from app.settings import Settings
from features.expectation import fit_expectation
from features.profile import Profile
from features.vector import feature_names
from models.bundle import Bundle
from models.calibration import Calibration
from models.hazard import HazardModel
from models.record import TrainingRecord
from models.registry import Registry

MODES = 4
TREES = 300
DEPTH = 6
ROWS = 6_000
NEVER = 1.1
"""A line that no risk reaches: the benchmark opens no alerts."""


def promote_champion(settings: Settings, profile: Profile) -> str:
    """Make one, promote it; its id."""
    names = feature_names(profile)
    random = np.random.default_rng(1)
    x = random.normal(size=(ROWS, len(names))).astype(np.float32)
    ends = tuple(end / 86_400_000 for end in profile.hazard_bins_ms)
    # Few bins: the trees are as large, and grown in seconds.
    options = {"base_score": 0.0, "max_depth": DEPTH, "eta": 0.1, "max_bin": 16}
    flat = Calibration((-5.0,) * len(ends), (1.0,) * len(ends))
    models = []
    for place, mode in enumerate(profile.modes[:MODES]):
        y = x[:, place] + random.normal(size=ROWS) > 1
        matrix = xgb.DMatrix(x, y.astype(np.float32))
        booster = xgb.train({**options, "nthread": 1, "seed": place}, matrix, TREES)
        models.append(HazardModel(mode.name, ends, flat, booster))
    expectation = fit_expectation(profile, _means(profile, random))
    lines = {mode.name: NEVER for mode in profile.modes[:MODES]}
    bundle = Bundle(profile.name, names, expectation, tuple(models), lines)
    now_ms = time.time_ns() // 1_000_000
    record = TrainingRecord(
        profile.name, profile.version, "default", 0, 0, 0, 0, ROWS, {}, 1, [], trained_ms=now_ms
    )
    registry = Registry(settings.models_dir)
    bundle_id = registry.save(bundle, record)
    registry.promote(bundle_id, "champion", "benchmark", "made for it", now_ms)
    return bundle_id


def _means(profile: Profile, random: np.random.Generator) -> np.ndarray:
    centre = np.array([signal.centre for signal in profile.signals])
    scale = np.array([signal.scale for signal in profile.signals])
    drawn = centre + scale * random.normal(size=(5_000, len(centre)))
    return drawn.astype(np.float32)
