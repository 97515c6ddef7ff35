"""What SQL the embedded store takes: nothing that reaches files, the network or processes.

ClickHouse itself runs inside the store's process, so a table function like file() would read any
file that process can. Statements, table functions and engines are allowed by list, so that what
a newer engine brings is refused until someone has looked at it.
"""

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple


class RefusedSqlError(Exception):
    """A statement that the embedded store doesn't take; the text says why."""


class Token(NamedTuple):
    """`kind`: word, name (quoted identifier), text (string literal), number or mark."""

    kind: str
    value: str


STATEMENTS = frozenset(
    """
    alter check create delete desc describe drop exchange exists explain insert kill optimize
    rename select set show truncate update use with
    """.split()  # noqa: SIM905 (a list would take a line each)
)
CREATABLE = frozenset({"database", "table", "view", "materialized"})
TABLE_FUNCTIONS = frozenset(
    """
    format generaterandom generateseries generate_series merge null numbers numbers_mt primes
    values view zeros zeros_mt
    """.split()  # noqa: SIM905 (a list would take a line each)
)
ENGINES = frozenset(
    """
    aggregatingmergetree atomic coalescingmergetree collapsingmergetree join log
    materializedview memory mergetree null replacingmergetree set stripelog summingmergetree
    tinylog versionedcollapsingmergetree view
    """.split()  # noqa: SIM905 (a list would take a line each)
)
KEYWORDS = frozenset({"infile", "outfile"})
_CALLS = frozenset({"catboostevaluate", "disk", "executable", "file", "python"})

_LEXER = re.compile(
    r"""
    (?P<gap>\s+|--[^\n]*|\#[!\ ][^\n]*|/\*.*?\*/)
  | (?P<text>'(?:[^'\\]|\\.|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
  | (?P<name>`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*")
  | (?P<number>\d[\w.]*)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<mark>[^\s\w'"`])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)


def tokens(sql: str) -> Iterator[Token]:
    """The statement's tokens; words and quoted names in lower case, literals without content."""
    at = 0
    while at < len(sql):
        match = _LEXER.match(sql, at)
        if match is None or (match.lastgroup == "mark" and not match[0].isascii()):
            raise RefusedSqlError(f"can't read the statement at {sql[at : at + 20]!r}")
        at = match.end()
        kind = "text" if match["text"] is not None else str(match.lastgroup)
        if kind == "name":
            yield Token(kind, _unquoted(match[0]))
        elif kind != "gap":
            yield Token(kind, "" if kind == "text" else match[0].lower())


# Where none of these is, a quote begins a text. One without an end is kept as a quote, and refused.
_HIDING = re.compile(r"--|/\*|[#`\"$]")
_TEXT = re.compile(r"'(?:[^'\\]|\\.|'')*('?)", re.DOTALL)
_NUMBER = re.compile(r"(?<!\w)\d[\w.]*", re.ASCII)
_KEPT = 256
"""Statements that are known again."""


class SqlGuard:
    """Checks statements against the engine's own list of table functions.

    No rule asks for the value of a literal, so a statement is known again whatever its values are.
    """

    def __init__(self, table_functions: Sequence[str]) -> None:
        known = {name.lower() for name in table_functions}
        self._calls = (known - TABLE_FUNCTIONS) | _CALLS
        self._known = lru_cache(_KEPT)(self._checked)

    def check(self, sql: str) -> str:
        """The statement's first word. Raises RefusedSqlError."""
        if _HIDING.search(sql):
            return self._checked(sql)
        return self._known(_NUMBER.sub("0", _TEXT.sub(r"'\1", sql)))

    def _checked(self, sql: str) -> str:
        found = list(tokens(sql))
        while found and found[-1] == Token("mark", ";"):
            found.pop()
        words = [token.value for token in found if token.kind == "word"]
        if not words:
            raise RefusedSqlError("empty statement")
        rules: tuple[Callable[[list[Token], list[str]], None], ...] = (
            _one_statement,
            _known_statement,
            _known_engine,
            self._known_calls,
        )
        for rule in rules:
            rule(found, words)
        return words[0]

    def _known_calls(self, found: list[Token], words: list[str]) -> None:
        for word in KEYWORDS.intersection(words):
            raise RefusedSqlError(f"{word.upper()} isn't allowed here: it reaches files")
        for token, following in itertools.pairwise(found):
            callable_ = token.kind in {"word", "name"} and following == Token("mark", "(")
            if callable_ and token.value in self._calls:
                raise RefusedSqlError(f"{token.value}() isn't allowed here: it reaches outside")


def _one_statement(found: list[Token], _words: list[str]) -> None:
    if Token("mark", ";") in found:
        raise RefusedSqlError("only one statement at a time")


def _known_statement(_found: list[Token], words: list[str]) -> None:
    if words[0] not in STATEMENTS:
        raise RefusedSqlError(f"{words[0].upper()} isn't allowed here")
    if words[0] == "create":
        made = next(word for word in [*words[1:], ""] if word not in {"or", "replace", "temporary"})
        if made not in CREATABLE:
            raise RefusedSqlError(f"CREATE {made.upper()} isn't allowed here")


def _known_engine(found: list[Token], words: list[str]) -> None:
    if words[0] not in {"create", "alter"}:
        return
    for index, token in enumerate(found):
        if token != Token("word", "engine"):
            continue
        rest = [other for other in found[index + 1 : index + 3] if other != Token("mark", "=")]
        if rest and rest[0].kind in {"word", "name"} and rest[0].value not in ENGINES:
            raise RefusedSqlError(f"ENGINE {rest[0].value} isn't allowed here: it reaches outside")


def _unquoted(quoted: str) -> str:
    return re.sub(r"\\(.)|([`\"])\2", r"\1\2", quoted[1:-1]).lower()
