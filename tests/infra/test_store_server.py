"""The HTTP interface as ordinary clients use it."""

import concurrent.futures
import gzip
import threading

import clickhouse_connect
import httpx
import pyarrow as pa
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def connection(stack):
    return stack.fresh().store()


@pytest.fixture
def client(connection):
    client = open_client(connection)
    yield client
    client.close()


def open_client(connection, **more):
    return clickhouse_connect.get_client(
        **{
            "dsn": connection.url,
            "username": connection.user,
            "password": connection.password.get_secret_value(),
            "database": connection.database,
            "autogenerate_session_id": False,
            **more,
        }
    )


@pytest.fixture
def http(connection):
    auth = (connection.user, connection.password.get_secret_value())
    params = {"database": connection.database}
    with httpx.Client(base_url=connection.url, auth=auth, params=params) as client:
        yield client


@pytest.fixture
def table(client):
    client.command("CREATE OR REPLACE TABLE t (a UInt64, b String) ENGINE = MergeTree ORDER BY a")
    return "t"


def test_clickhouse_connect_works_unchanged(client, table):
    assert client.ping()
    assert client.command("SELECT 1") == 1
    rows = pa.table({"a": list(range(5)), "b": list("abcde")})
    summary = client.insert_arrow(table, rows)
    assert summary.written_rows == 5
    client.insert(table, [[5, "it's"], [6, "\t\n\\"]], column_names=["a", "b"])
    found = client.query("SELECT * FROM t WHERE a >= {low:UInt64} ORDER BY a", {"low": 4})
    assert found.result_rows == [(4, "e"), (5, "it's"), (6, "\t\n\\")]
    assert client.query_arrow("SELECT a FROM t ORDER BY a").column("a").to_pylist() == [*range(7)]
    assert client.query("SELECT * FROM t LIMIT 0").column_names == ("a", "b")
    with client.query_arrow_stream("SELECT number FROM numbers(200000)") as stream:
        assert sum(batch.num_rows for batch in stream) == 200_000
    with client.query_row_block_stream("SELECT number FROM numbers(200000)") as stream:
        assert sum(len(block) for block in stream) == 200_000
    client.command("INSERT INTO t VALUES (9, 'nine')")
    assert client.query("SELECT count() FROM t").first_row == (8,)


def test_settings_hold_for_their_statement_only(client):
    sql = "SELECT getSetting('max_threads')"
    assert client.query(sql, settings={"max_threads": 3}).first_row == (3,)
    assert client.query(sql).first_row != (3,)
    client.command("SET max_threads = 5")
    assert client.query(sql).first_row not in {(3,), (5,)}


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT nope", 47),
        ("SELEC 1", 497),
        ("SELECT FROM WHERE", 62),
        ("SELECT * FROM no_such_table", 60),
        ("SELECT * FROM file('/etc/passwd', 'LineAsString')", 497),
        ("SELECT * FROM `/etc/passwd`", 60),
        ("SELECT * FROM '/etc/passwd'", 60),
        ("SELECT * FROM default.`/etc/passwd`", 60),
        ("SELECT 1 INTO OUTFILE '/dev/null'", 497),
        ("SELECT 1; SELECT 2", 497),
    ],
)
def test_a_bad_statement_gets_clickhouses_code(client, sql, code):
    with pytest.raises(DatabaseError) as caught:
        client.query(sql)
    assert caught.value.code == code
    assert client.command("SELECT 1") == 1


def test_an_unknown_setting_is_refused_as_one(http):
    answer = http.post("/", params={"no_such_setting": "1"}, content="SELECT 1")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "115"
    answer = http.post("/", params={"a = 1, b": "1"}, content="SELECT 1")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "115"


@pytest.mark.parametrize(
    "credentials",
    [None, ("telltale", "wrong"), ("someone", ""), ("", "")],
)
def test_only_the_user_with_the_password_gets_in(connection, credentials):
    answer = httpx.post(connection.url, auth=credentials, content="SELECT 1")
    assert answer.status_code == 403
    assert answer.headers["X-ClickHouse-Exception-Code"] == "516"


def test_curl_and_grafana_may_send_the_key_in_headers(connection):
    key = connection.password.get_secret_value()
    headers = {"X-ClickHouse-User": connection.user, "X-ClickHouse-Key": key}
    assert httpx.get(f"{connection.url}/ping").text == "Ok.\n"
    answer = httpx.get(connection.url, params={"query": "SELECT 1 FORMAT JSON"}, headers=headers)
    assert answer.json()["data"] == [{"1": 1}]
    answer = httpx.post(connection.url, params={"query": ""}, content="SELECT 1", headers=headers)
    assert answer.text == "1\n"


def test_rows_may_follow_the_insert_in_the_body_or_come_packed(http, table):
    inline = b'INSERT INTO t FORMAT JSONEachRow\n{"a": 1, "b": "FORMAT x"}'
    assert http.post("/", content=inline).status_code == 200
    packed = gzip.compress(b"2\ttwo\n")
    query = {"query": f"INSERT INTO {table} (a, b) FORMAT TabSeparated"}
    headers = {"Content-Encoding": "gzip"}
    assert http.post("/", params=query, content=packed, headers=headers).status_code == 200
    headers = {"Content-Encoding": "zstd"}
    assert http.post("/", content=b"not zstd", headers=headers).status_code == 500
    assert http.post("/", content=b"\xff\xfe").status_code == 400
    found = http.post("/", content="SELECT * FROM t ORDER BY a").text
    assert found == "1\tFORMAT x\n2\ttwo\n"


def test_eight_clients_at_once_get_their_own_answers(connection, client, table):
    start = threading.Barrier(8)

    def work(number):
        mine = open_client(connection)
        start.wait()
        for value in range(30):
            rows = pa.table({"a": [number * 1000 + value], "b": ["x"]})
            mine.insert_arrow(table, rows)
            sql = "SELECT {v:UInt64} + count() * 0 FROM t"
            assert mine.query(sql, {"v": value}).first_row == (value,)
        mine.close()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert client.query("SELECT count(), uniqExact(a) FROM t").first_row == (240, 240)
