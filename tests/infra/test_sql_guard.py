import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.sql_guard import RefusedSqlError, SqlGuard, tokens

GUARD = SqlGuard(["file", "url", "s3", "remote", "numbers", "values", "merge", "executable", "New"])


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "  -- a comment\nSELECT 'file(1); DROP' AS text /* url( */;",
        "WITH 1 AS x SELECT x FROM numbers(10) WHERE y IN ('a;b', 'it''s', 'c\\'d')",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "INSERT INTO t (file, url) VALUES (1, 2)",
        "INSERT INTO t VALUES ('; SELECT 1')",
        "CREATE TABLE t (file String, url String) ENGINE = ReplacingMergeTree(v) ORDER BY file",
        "CREATE TABLE IF NOT EXISTS t (a Int8) ENGINE MergeTree ORDER BY a",
        "CREATE OR REPLACE VIEW v AS SELECT mean[1] AS `a b` FROM t FINAL",
        "CREATE DATABASE d",
        "ALTER TABLE t ADD COLUMN engine_speed Float32",
        "SELECT engine, engine_full FROM system.tables",
        "SELECT $$text with file('x')$$",
        "SELECT 1e-3, 0x1F, a.1, ? FROM t",
    ],
)
def test_ordinary_statements_pass(sql):
    GUARD.check(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM file('/etc/passwd')",
        "SELECT * FROM FILE ( '/etc/passwd')",
        "SELECT * FROM `file`('/etc/passwd')",
        "SELECT * FROM \"fi\\le\"('/etc/passwd')",
        "SELECT * FROM file/**/('/etc/passwd')",
        "SELECT file('/etc/passwd')",
        "SELECT * FROM url('http://x')",
        "SELECT * FROM s3('x')",
        "SELECT * FROM remote('x')",
        "SELECT * FROM new('what a later engine brings')",
        "INSERT INTO FUNCTION file('x') SELECT 1",
        "INSERT INTO t FROM INFILE 'x' FORMAT CSV",
        "SELECT 1 INTO OUTFILE 'x'",
        "select 1 into outfile 'x'",
        "CREATE TABLE t (a Int8) ENGINE = URL('http://x')",
        "CREATE TABLE t (a Int8) ENGINE=File(CSV)",
        "CREATE TABLE t (a Int8) ENGINE = `Kafka`",
        "CREATE TABLE t (a Int8) engine MySQL('x')",
        "CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = 'x')",
        "CREATE DATABASE d ENGINE = Filesystem('/')",
        "CREATE DICTIONARY d (a Int8) PRIMARY KEY a SOURCE(FILE(path 'x'))",
        "CREATE FUNCTION f AS x -> x",
        "CREATE USER u",
        "CREATE NAMED COLLECTION c AS url = 'x'",
        "ATTACH TABLE t FROM '/x' (a Int8) ENGINE = Memory",
        "BACKUP TABLE t TO Disk('x', 'y')",
        "RESTORE TABLE t FROM Disk('x', 'y')",
        "SYSTEM SHUTDOWN",
        "GRANT ALL ON *.* TO u",
        "SELECT 1; SELECT 2",
        "SELECT 1;; SELECT 2",
        "SELECT 'unfinished",
        "SELECT “a”",
        "",
        " ; ",
        "-- only a comment",
    ],
)
def test_what_reaches_outside_is_refused(sql):
    with pytest.raises(RefusedSqlError):
        GUARD.check(sql)


@given(st.text(max_size=60))
def test_any_text_passes_or_is_refused_by_name(text):
    try:
        GUARD.check(text)
    except RefusedSqlError:
        return


_PIECES = [
    *("SELECT ", "file", "FILE", "numbers", "(", ")", "'x'", "'it''s'", "'", "\\", ";", "=", ","),
    *("ENGINE", "CREATE TABLE t ", "MergeTree", "url", "INFILE", "WITH ", "1", "1e-3", "a.1", ".5"),
    *(" ", "\n", "“", "é", "?", "[", "_x", "-", "*", "/", "insert into "),
]


def _verdict(sql):
    try:
        return GUARD.check(sql)
    except RefusedSqlError:
        return None


@given(st.lists(st.sampled_from(_PIECES), max_size=14).map("".join))
def test_a_statement_that_is_known_again_is_judged_as_if_it_were_not(sql):
    # A comment keeps it from being known.
    assert _verdict(sql) == _verdict(f"/**/{sql}")


def test_values_of_literals_make_no_other_statement():
    guard = SqlGuard(["file"])
    for value in range(20):
        guard.check(f"SELECT * FROM t WHERE a = {value} AND b = '{value}''; file('")
    assert guard._known.cache_info().misses == 1


@given(st.text(alphabet=st.characters(exclude_characters="\\'"), max_size=30))
def test_a_literal_hides_whatever_it_holds(text):
    found = list(tokens(f"SELECT '{text}' AS x"))
    assert [token.kind for token in found] == ["word", "text", "word", "word"]
