"""How many rows a second a champion scores: `python -m benchmarks.scoring [--json]`.

Four modes of 300 trees of depth 6 over the features of truck-diesel, one thread, process CPU time;
by batch size, for one mode (a model; beside it the same trees by XGBoost itself) and for all of
them with calibration and horizons (scored).
Explaining is exact SHAP of one mode, as alerts and queries ask for it.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from app.settings import load_settings
from benchmarks.champion import promote_champion
from benchmarks.machine import machine, spent
from contracts.risk import HORIZONS_DAYS
from features.profile import builtin_profile
from models.registry import Registry

SIZES = (1, 32, 512, 8_192)
_AT_LEAST_S = 1.0


def rows_per_second(work: Callable[[], object], rows: int) -> float:
    work()
    done, began = 0, time.process_time()
    while time.process_time() - began < _AT_LEAST_S:
        work()
        done += rows
    return done / (time.process_time() - began)


def measure() -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(home=Path(folder))
        bundle_id = promote_champion(settings, builtin_profile("truck-diesel"))
        bundle, _ = Registry(settings.models_dir).load(bundle_id)
    mode, random = bundle.models[0], np.random.default_rng(5)
    found: dict[str, dict[str, float]] = {"xgboost": {}, "model": {}, "scored": {}, "explained": {}}
    for size in SIZES:
        x = random.normal(size=(size, len(bundle.feature_names))).astype(np.float32)
        found["xgboost"][str(size)] = rows_per_second(
            lambda x=x: mode.booster.inplace_predict(x, predict_type="margin"),  # type: ignore[misc]
            size,
        )
        found["model"][str(size)] = rows_per_second(lambda x=x: mode.margin(x), size)  # type: ignore[misc]
        found["scored"][str(size)] = rows_per_second(
            lambda x=x: bundle.risk(x, HORIZONS_DAYS),  # type: ignore[misc]
            size,
        )
    for size in SIZES[:2]:
        x = random.normal(size=(size, len(bundle.feature_names))).astype(np.float32)
        found["explained"][str(size)] = rows_per_second(
            lambda x=x: bundle.contributions(mode.mode, x),  # type: ignore[misc]
            size,
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure()
    if options.json:
        print(json.dumps(found | machine() | spent(), indent=2))
        return
    for name, by_size in found.items():
        for size, value in by_size.items():
            print(f"{name:10} batch {size:>5} {value:12,.0f} rows/s")


if __name__ == "__main__":
    main()
