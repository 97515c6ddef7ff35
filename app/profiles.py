"""The profiles that this installation knows."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from app.settings import Settings, load_settings
from contracts.errors import DataError
from features.profile import Profile, builtin_profiles, load_profile


def load_profiles(settings: Settings, folder: Path | None = None) -> dict[str, Profile]:
    """The built-in profiles and those of a folder, which win: of TELLTALE_PROFILES where a command
    wasn't given one. Raises ProfileError.
    """
    found = builtin_profiles()
    own = folder or settings.profiles
    for path in sorted(own.glob("*.toml")) if own else ():
        profile = load_profile(path)
        found[profile.name] = profile
    return found


@cache
def known_profiles() -> dict[str, Profile]:
    """Those of this process's environment, read once. Raises ProfileError, SettingsError."""
    return load_profiles(load_settings())


def profile_of(profiles: Mapping[str, Profile], name: str) -> Profile:
    """The profile of this name. Raises DataError."""
    if name not in profiles:
        raise DataError(f"no profile {name!r}; there are {', '.join(sorted(profiles))}")
    return profiles[name]
