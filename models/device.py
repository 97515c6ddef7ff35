"""Where trees are grown: the processor, or a GPU that is really there."""

import json
import warnings
from typing import Final

import numpy as np
import xgboost as xgb

from contracts.errors import ModelError

DEVICES: Final = ("cpu", "cuda")


def refuse_absent(device: str) -> None:
    """Raises ModelError for a device that XGBoost would silently do without."""
    if device not in DEVICES:
        raise ModelError(f"no device {device!r}; there are {', '.join(DEVICES)}")
    if device != "cpu" and _used(device) != device:
        raise ModelError(
            f"--device {device}: XGBoost finds no such device here (is the driver installed, is it "
            "hidden by CUDA_VISIBLE_DEVICES?); leave the option out to train on the processor"
        )


def _used(device: str) -> str:
    """The device on which XGBoost really grows a small tree."""
    matrix = xgb.DMatrix(np.zeros((4, 1), np.float32), np.zeros(4, np.float32))
    parameters = {"device": device, "tree_method": "hist", "verbosity": 0, "nthread": 1}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            booster = xgb.train(parameters, matrix, 1)
    except xgb.core.XGBoostError:
        return "cpu"
    config = json.loads(booster.save_config())
    used = str(config["learner"]["generic_param"]["device"])
    return used.partition(":")[0]
