"""What the pages say, by language: one TOML file each, keyed by message id."""

import calendar
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup

LANGUAGES = ("en", "fr")
_GROUPS = {"en": ",", "fr": "\u202f"}
_HOLES = {
    "side": "above|below",
    "way": "rising|falling",
    "number": r"\d[\d,.]*",
    "month": "|".join(calendar.month_name[1:]),
}
_PLURAL = {"one", "other"}
# Patterns of sentences about a vehicle whose parts vary: "{signal} runs above ..., {n} days".
_HOLE = re.compile(r"\{(\w+)\}")
# A number, alone or with its unit, as the engine writes it: "1,204.5 kPa".
_NUMBER = re.compile(r"\d[\d,]*(\.\d+)?( ?\S+)?")


@dataclass(frozen=True)
class Texts:
    """The texts of one language.

    `words` by message id; a plural is kept as {"one": ..., "other": ...}. `names` translates what
    profiles and the engine say in English (parts, signals, checks, fault codes), `sentences` those
    that hold names and numbers.
    """

    language: str
    words: Mapping[str, Any]
    names: Mapping[str, str]
    sentences: tuple[tuple[re.Pattern[str], str], ...]

    def __call__(self, key: str, /, count: int | None = None, **values: object) -> str:
        """The text of `key`, its {holes} filled; an id that ends in "_html" gives markup whose
        values are escaped. Raises KeyError for an unknown id.
        """
        text = self.words[key]
        if count is not None:
            values["count"] = self.whole(count)
        if not isinstance(text, str):
            text = text["one" if self._is_one(count or 0) else "other"]
        if key.endswith("_html"):
            return Markup(text).format(**values)  # noqa: S704 (our own file; values are escaped)
        return text.format(**values) if values else str(text)

    def whole(self, number: int) -> str:
        """A count with its thousands apart."""
        return f"{number:,}".replace(",", _GROUPS[self.language])

    def local(self, english: str) -> str:
        """A name or sentence of a profile or of the engine in this language, else as it is."""
        if not english or not self.names:
            return english
        for turn in (str, _outer, _inner):
            found = self.names.get(turn(english))
            if found is not None:
                return found if turn is str else (_inner, _outer)[english[:1].isupper()](found)
        return self._sentence(english)

    def _sentence(self, english: str) -> str:
        for pattern, told in self.sentences:
            match = pattern.fullmatch(english)
            if match:
                return told.format(**{key: self.local(at) for key, at in match.groupdict().items()})
        if _NUMBER.fullmatch(english):
            return english.replace(",", "\u202f").replace(".", ",").replace("%", "\u202f%")
        return english

    def _is_one(self, count: int) -> bool:
        return count == 1 or (self.language == "fr" and count == 0)


@cache
def texts(language: str) -> Texts:
    """The texts of one of LANGUAGES."""
    folder = files("app.web").joinpath("words")
    words = dict(_flat(tomllib.loads(folder.joinpath(f"{language}.toml").read_text("utf-8"))))
    names_file = folder.joinpath(f"{language}.names.toml")
    told = tomllib.loads(names_file.read_text("utf-8")) if names_file.is_file() else {}
    sentences = tuple(
        (_pattern(english), local) for english, local in told.get("sentences", {}).items()
    )
    return Texts(language, words, told.get("names", {}), sentences)


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict) and set(value) != _PLURAL:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _pattern(english: str) -> re.Pattern[str]:
    parts = _HOLE.split(english)
    return re.compile(
        "".join(_hole(one) if at % 2 else re.escape(one) for at, one in enumerate(parts))
    )


def _hole(name: str) -> str:
    return f"(?P<{name}>{_HOLES.get(name, '.*?')})"


def _outer(text: str) -> str:
    return text[:1].upper() + text[1:]


def _inner(text: str) -> str:
    return text[:1].lower() + text[1:]
