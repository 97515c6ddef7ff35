"""Texts with `*` for any rest, as people write them in silences and routes."""

from fnmatch import fnmatchcase


def fits(value: str, pattern: str) -> bool:
    """Whether the value fits; brackets and question marks stand for themselves."""
    return fnmatchcase(value, pattern.replace("[", "[[]").replace("?", "[?]"))
