"""Who looks: language, units, time zone and theme, from cookies and the browser's wishes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.web.texts import LANGUAGES, Texts, texts

UNITS = ("metric", "us", "uk")
THEMES = ("auto", "light", "dark")
KEEP_S = 365 * 86_400
"""How long a choice is remembered."""


@dataclass(frozen=True)
class Viewer:
    """One person's way to read. `tag` is the browser's language tag, for dates of the scripts."""

    language: str = "en"
    tag: str = "en"
    units: str = "metric"
    zone: str = "UTC"
    theme: str = "auto"

    @cached_property
    def texts(self) -> Texts:
        """The words of his language."""
        return texts(self.language)

    @cached_property
    def clock(self) -> ZoneInfo:
        """His time zone."""
        return ZoneInfo(self.zone)


def viewer_of(cookies: Mapping[str, str], accepts: str) -> Viewer:
    """The viewer behind a request; `accepts` is its Accept-Language header."""
    tags = _tags(accepts)
    chosen = cookies.get("language", "")
    language = chosen if chosen in LANGUAGES else _language(tags)
    tag = next((one for one in tags if one.split("-")[0].lower() == language), language)
    units, theme = cookies.get("units", ""), cookies.get("theme", "")
    return Viewer(
        language,
        tag,
        units if units in UNITS else _units(tags),
        _zone(cookies.get("zone", "")),
        theme if theme in THEMES else "auto",
    )


def _tags(accepts: str) -> list[str]:
    """Language tags of an Accept-Language header, the most wanted first (RFC 9110)."""
    weighed = []
    for entry in accepts[:500].split(","):
        tag, _, weight = entry.strip().partition(";q=")
        try:
            wish = float(weight) if weight else 1.0
        except ValueError:
            wish = 0.0
        if tag.replace("-", "").isalnum() and wish > 0:
            weighed.append((wish, tag))
    return [tag for _, tag in sorted(weighed, key=lambda one: -one[0])]


def _language(tags: list[str]) -> str:
    wanted = (tag.split("-")[0].lower() for tag in tags)
    return next((one for one in wanted if one in LANGUAGES), "en")


def _units(tags: list[str]) -> str:
    first = tags[0].lower() if tags else ""
    return {"en-us": "us", "en-gb": "uk"}.get(first, "metric")


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key if name else "UTC"
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"
