"""Secrets stand in the environment, not in files."""

import os
import re

from contracts.errors import SettingsError

_NAME = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def expand(text: str, target: str) -> str:
    """`${NAME}` -> the environment variable. Raises SettingsError for one that isn't set."""

    def value(match: "re.Match[str]") -> str:
        found = os.environ.get(match[1])
        if found is None:
            raise SettingsError(f"target {target}: the environment variable {match[1]} is not set")
        return found

    return _NAME.sub(value, text)
