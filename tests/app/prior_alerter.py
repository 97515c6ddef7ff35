"""A real alerter process whose models know nothing: `python -m tests.app.prior_alerter`."""

import asyncio
from typing import ClassVar

import numpy as np

from app.alerter import run_alerter
from app.logs import configure_logs
from app.profiles import load_profiles
from app.settings import load_settings
from contracts.errors import ModelError
from features.expectation import Expectation
from features.vector import feature_names
from tests.app.stream_fixtures import PROFILE, Prior

LINE = 0.2


class Explained(Prior):
    """A bundle whose first feature explains everything."""

    lines: ClassVar = {mode.name: LINE for mode in PROFILE.modes}

    def contributions(self, _mode, values):
        found = np.zeros((len(values), len(self.feature_names) + 1), np.float32)
        found[:, [i for i, name in enumerate(self.feature_names) if "coolant" in name]] = 0.1
        return found


class OneShelf:
    def champion(self, _profile):
        return "prior-1"

    def load(self, bundle_id):
        if bundle_id != "prior-1":
            raise ModelError(f"there is no model {bundle_id}")
        expectation = Expectation.neutral(PROFILE)
        return Explained(feature_names(PROFILE), expectation, bundle_id), expectation


if __name__ == "__main__":
    configure_logs()
    asyncio.run(run_alerter(load_settings(), OneShelf(), load_profiles(load_settings())))
