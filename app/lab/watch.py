"""The process that looks for drift when a look is due: `python -m app.lab.watch`.

`telltale up` starts it every hour. It looks at every profile with a champion that was not looked at
for as long as is set; the table of drift remembers when that was, so restarts change nothing.
"""

import sys
import time
from collections.abc import Mapping

import structlog

from app.drift import Look, see, subject_of
from app.profiles import load_profiles
from app.settings import Settings, load_settings
from contracts.errors import DataError, TelltaleError
from features.profile import Profile
from infra.reads.drift import last_looked
from infra.store import ClickHouseStore
from models.registry import Registry

_HOUR_MS = 3_600_000
_log = structlog.get_logger(__name__)


def watch(settings: Settings, profiles: Mapping[str, Profile], now_ms: int) -> dict[str, str]:
    """Look where a look is due; what came of it by profile. One that fails doesn't stop the
    others. Raises UnavailableError without a store.
    """
    store = ClickHouseStore(settings.store())
    registry = Registry(settings.models_dir)
    found: dict[str, str] = {}
    for name, profile in profiles.items():
        champion = registry.champion(name)
        if champion is None:
            continue
        last_ms = last_looked(store.clickhouse, settings.tenant, name, champion)
        if now_ms - last_ms >= settings.drift.every_hours * _HOUR_MS:
            found[name] = _look(settings, store, profile, now_ms)
    return found


def main() -> int:
    """Look at all; the exit code."""
    try:
        settings = load_settings()
        watch(settings, load_profiles(settings), time.time_ns() // 1_000_000)
    except TelltaleError as error:
        _log.error("drift can't be looked at", reason=str(error))
        return 1
    return 0


def _look(settings: Settings, store: ClickHouseStore, profile: Profile, now_ms: int) -> str:
    try:
        seen = see(settings, store, subject_of(settings, profile), Look(now_ms))
    except DataError as error:
        _log.info("nothing to look at yet", profile=profile.name, reason=str(error))
        return str(error)
    except TelltaleError as error:
        _log.error("drift can't be looked at", profile=profile.name, reason=str(error))
        return str(error)
    said = f"{len(seen.drifted)} figures have drifted, {len(seen.news)} of them are news"
    _log.info("looked at", profile=profile.name, found=said, told=seen.told)
    return said


if __name__ == "__main__":
    sys.exit(main())
