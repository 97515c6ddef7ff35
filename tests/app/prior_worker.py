"""A real worker process whose registry is a file: `python -m tests.app.prior_worker [IDLE_S]`.

`home`/champion holds the id of the champion, `home`/shadow that of the shadow; "broken..." can't be
loaded, "other..." expects differently, "failing..." can't score.
"""

import asyncio
import sys

from app.assembly import run_worker
from app.logs import configure_logs
from app.profiles import load_profiles
from app.settings import load_settings
from contracts.errors import ModelError
from features.expectation import Expectation
from features.vector import feature_names
from tests.app.stream_fixtures import PROFILE, Failing, Prior, shifted_expectation


class FileShelf:
    def __init__(self, home):
        self.home = home

    def champion(self, profile):
        return self._named("champion", profile)

    def shadow(self, profile):
        return self._named("shadow", profile)

    def _named(self, alias, profile):
        file = self.home / alias
        return (profile == PROFILE.name and file.exists() and file.read_text()) or None

    def load(self, bundle_id):
        if bundle_id.startswith("broken"):
            raise ModelError(f"model {bundle_id} is damaged")
        other = bundle_id.startswith("other")
        expectation = shifted_expectation() if other else Expectation.neutral(PROFILE)
        made = Failing if bundle_id.startswith("failing") else Prior
        return made(feature_names(PROFILE), expectation, bundle_id), expectation


if __name__ == "__main__":
    configure_logs()
    settings = load_settings()
    idle = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
    asyncio.run(run_worker(settings, FileShelf(settings.home), load_profiles(settings), idle))
