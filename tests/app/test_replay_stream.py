"""Real logs through a real broker, a real worker and a real store."""

import contextlib
import json
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from app.cli.main import app
from infra.dead_letters import read_letters
from infra.offsets import group_lags
from infra.store import ClickHouseStore
from tests.ingest.adapters import logs

pytestmark = pytest.mark.stack

CYCLES = 13_096


def environment(settings):
    kafka, store = settings.broker(), settings.store()
    return {
        "TELLTALE_HOME": str(settings.home),
        "TELLTALE_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "TELLTALE_KAFKA__TOPIC_PREFIX": kafka.topic_prefix,
        "TELLTALE_CLICKHOUSE__URL": store.url,
        "TELLTALE_CLICKHOUSE__PASSWORD": store.password.get_secret_value(),
        "TELLTALE_CLICKHOUSE__DATABASE": store.database,
    }


@pytest.fixture
def telltale(stack, monkeypatch):
    """Settings of a fresh installation, and its command line in this process."""
    settings = stack.fresh()
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    return settings, lambda *arguments: CliRunner().invoke(app, [*map(str, arguments)])


@contextlib.contextmanager
def running(settings, *arguments):
    """A process of its own, killed at the end."""
    command = [sys.executable, "-m", "app.cli.main", *map(str, arguments)]
    with (settings.home / f"{arguments[0]}.log").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def wait_until(condition, limit_s=120):
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def rows(settings, table):
    """How many, and how many different vehicles and times."""
    store = ClickHouseStore(settings.store()).clickhouse
    return store.rows(f"SELECT count(), uniqExact(vehicle_id, time) FROM {table} FINAL")


def is_drained(settings):
    """Whether the worker has committed everything."""
    kafka = settings.broker()
    lag = group_lags(kafka).get(kafka.group("telltale-worker"))
    return lag is not None and not any(lag.values())


@pytest.mark.data
def test_a_killed_replay_goes_on_and_every_cycle_is_stored_once(telltale, data_dir):
    settings, run = telltale
    log = data_dir / "cmapss" / "test_FD001.txt.gz"
    places = settings.home / "replays"
    with running(settings, "worker"):
        with running(settings, "replay", log, "--speed", "4000000"):
            wait_until(lambda: list(places.glob("*.json")))
        begun = json.loads(next(places.glob("*.json")).read_text())
        assert 0 < begun["items"] < CYCLES
        done = json.loads(run("replay", log, "--json").stdout)
        again = run("replay", log)
        wait_until(lambda: rows(settings, "summaries") >= [(CYCLES, CYCLES)])
        wait_until(lambda: is_drained(settings))
    assert (done["resumed_at"], done["sent"]) == (begun["items"], CYCLES - begun["items"])
    assert (done["frames"], done["refused"], done["complete"]) == (CYCLES, {}, True)
    assert "went out before" in again.stdout
    for table in ("summaries", "features"):
        assert rows(settings, table) == [(CYCLES, CYCLES)]
    reasons = {kept.letter.reason for kept in read_letters(settings.broker())}
    assert reasons <= {"duplicate", "stale_sequence"}


def test_rows_that_can_not_be_read_are_kept_and_counted(telltale, tmp_path):
    settings, run = telltale
    (tmp_path / "drive1.csv").write_bytes(logs.drive(100) + b"torn,row\n1,inf,20,88,101,45,\n")
    (tmp_path / "drive2.csv").write_bytes(b"other,columns\n1,2\n")
    done = json.loads(run("replay", tmp_path, "--json").stdout)
    assert (done["frames"], done["samples"], done["refused"]) == (2, 100, {"unreadable_row": 3})
    letters = [kept.letter for kept in read_letters(settings.broker())]
    assert [(letter.topic, letter.offset, letter.payload) for letter in letters] == [
        ("drive1.csv", 102, b"torn,row"),
        ("drive1.csv", 103, b"1,inf,20,88,101,45,"),
        ("drive2.csv", 1, b"other,columns"),
    ]
    assert json.loads(run("status", "--json").stdout)["dead_letters"] == {"unreadable_row": 3}
    nothing = run("replay", tmp_path / "drive2.csv", "--format", "carobd")
    assert nothing.exit_code == 1
    assert "nothing in it could be read as carobd, 1 rows were refused" in str(nothing.exception)
