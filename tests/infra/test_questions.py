"""Questions asked together are answered as each is by itself."""

import math

import pytest

from infra.clickhouse import ClickHouse
from infra.reads.questions import Question, ask, ask_together

pytestmark = pytest.mark.stack
HARM = ["' OR 1=1 --", "%(text)s", "%(q0_text)s", "%s%d%", "\\' OR ''='", "{x:String}", "\x00"]


def of(sql, **given):
    return Question(sql, given, lambda rows: rows)


@pytest.fixture(scope="module")
def store(stack):
    return ClickHouse(stack.fresh().store())


def test_answers_come_in_order_with_their_rows_in_order(store):
    questions = [
        of("SELECT number AS one FROM numbers(3000) ORDER BY one DESC LIMIT %(most)s", most=2500),
        of("SELECT number AS one FROM numbers(%(most)s) ORDER BY one", most=3),
        of("SELECT 1 AS one WHERE 0"),
        of("SELECT max(number) AS newest, 'x' AS kind FROM numbers(10)"),
    ]
    first, second, nothing, newest = ask_together(store, *questions)
    assert first == [(number,) for number in range(2999, 499, -1)]
    assert second == [(0,), (1,), (2,)]
    assert nothing == []
    assert newest == [(9, "x")]


def test_values_of_every_kind_are_the_same_together(store):
    kinds = of(
        "SELECT toFloat32(0.1) AS narrow, toFloat64(0.1) AS wide, [toFloat32(0.3)] AS many, "
        "map('a', 'b') AS detail, toLowCardinality('x') AS word, ['p', 'q'] AS words, "
        "toInt64(9007199254740993) AS large, toUInt8(1) AS flag"
    )
    together, beside = ask_together(store, kinds, of("SELECT nan AS number"))
    assert together == ask(store, kinds)
    assert math.isnan(beside[0][0])


@pytest.mark.parametrize("text", HARM)
def test_values_of_one_question_are_not_those_of_another(store, text):
    both = ask_together(
        store, of("SELECT %(text)s AS one", text=text), of("SELECT %(text)s AS one", text="other")
    )
    assert both == [[(text,)], [("other",)]]
