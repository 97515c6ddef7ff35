"""Small questions, asked one by one or several in one statement.

What a small question costs the engine is mostly its way there and its parsing, and several threads
for a few rows cost more than they save.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from infra.clickhouse import ClickHouse

T = TypeVar("T")
Rows = list[tuple[Any, ...]]
_ONE_THREAD = "SETTINGS max_threads = 1"


@dataclass(frozen=True)
class Question(Generic[T]):
    """`sql` with `%(name)s` for each of `given`, and how an answer is read from its rows. Its
    columns have names of their own, and its rows fit into memory.
    """

    sql: str
    given: Mapping[str, Any]
    read: Callable[[Rows], T]


def ask(store: ClickHouse, question: Question[T]) -> T:
    """The answer of one question."""
    return question.read(store.rows(f"{question.sql} {_ONE_THREAD}", **question.given))


def ask_together(store: ClickHouse, *questions: Question[Any]) -> list[Any]:
    """The answers of several questions from one statement, in their order."""
    parts: list[str] = []
    given: dict[str, Any] = {}
    for place, one in enumerate(questions):
        # One thread also keeps the rows in their order.
        sql = one.sql.replace("%(", f"%(q{place}_")
        parts.append(f"(SELECT groupArray(tuple(*)) AS q{place} FROM ({sql})) AS t{place}")  # noqa: S608 (ours)
        given |= {f"q{place}_{name}": value for name, value in one.given.items()}
    names = ", ".join(f"q{place}" for place in range(len(questions)))
    (row,) = store.rows(f"SELECT {names} FROM {', '.join(parts)} {_ONE_THREAD}", **given)  # noqa: S608 (ours)
    return [
        one.read([tuple(found.values()) for found in column])
        for one, column in zip(questions, row, strict=True)
    ]
