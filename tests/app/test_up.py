"""`telltale up`, `status` and `dead-letters` as a person runs them."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from app.cli.up import PARTS, chosen_parts
from app.supervisor import Chore, Supervisor
from contracts.dead_letters import DeadLetter
from contracts.errors import SettingsError
from infra.child import Child
from infra.kafka import RecordProducer
from infra.run_files import all_running, last, running
from infra.store import ClickHouseStore


def telltale(settings_env, *arguments, **more):
    return subprocess.run(
        [sys.executable, "-m", "app.cli.main", *arguments],
        env={**os.environ, **settings_env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        **more,
    )


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


def wait_until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_parts_start_in_order_whatever_the_order_given():
    assert chosen_parts("") == PARTS
    assert PARTS == ("broker", "store", "worker", "alerter", "notifier", "api", "drift")
    assert chosen_parts("store, broker") == ("broker", "store")
    with pytest.raises(SettingsError, match="--only brocker: choose from broker, store"):
        chosen_parts("store,brocker")


def test_a_chore_comes_by_the_clock_one_at_a_time_and_may_fail(tmp_path):
    clock, started = [1_000.0], []

    def start():
        gate = tmp_path / f"gate-{len(started)}"
        text = f"import os, sys, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.01)"
        child = Child("chore", [sys.executable, "-c", f"{text}\nsys.exit(3)"], tmp_path / "log")
        started.append((child, gate))
        return child

    supervisor = Supervisor([], print, [Chore("look", 600, start)], lambda: clock[0])
    supervisor.start()

    def started_after(seconds):
        clock[0] += seconds
        supervisor.look()
        return len(started)

    assert [started_after(59), started_after(1), started_after(700)] == [0, 1, 1]
    child, gate = started[0]
    gate.touch()
    assert child.wait() == 3
    assert [started_after(0), started_after(10)] == [2, 2]
    supervisor.stop()
    assert started[1][0].exit_code is not None


@pytest.mark.stack
def test_up_restarts_what_died_and_stops_cleanly(tmp_path):
    line = [sys.executable, "-m", "app.cli.main", "up", "--only", "store"]
    home = {**os.environ, "TELLTALE_HOME": str(tmp_path)}
    with subprocess.Popen(line, env=home, stderr=subprocess.PIPE, text=True) as up:
        try:
            words = [up.stderr.readline() for _ in range(2)]
            assert words[-1].startswith("Telltale is up.")
            first = last(tmp_path, "store")
            os.kill(first.pid, signal.SIGKILL)
            wait_until(lambda: (entry := running(tmp_path, "store")) and entry.pid != first.pid)
            again = telltale({"TELLTALE_HOME": str(tmp_path)}, "up", "--only", "store")
            assert again.returncode == 1
            assert "is in use by process" in again.stderr
            assert "Traceback" not in again.stderr
        finally:
            up.send_signal(signal.SIGTERM)
            words.append(up.stderr.read())
    assert up.returncode == 0
    assert "store ended and was started again" in words[-1]
    assert "Telltale has stopped." in words[-1]
    assert all_running(tmp_path) == []


@pytest.mark.stack
def test_status_tells_topics_tables_and_dead_letters(stack):
    settings = stack.fresh()
    letters = [
        DeadLetter("undecodable", "torn", "telemetry", 0, 4, 1, b"\xff"),
        DeadLetter("duplicate", "again", "telemetry", 0, 5, 1, b"\x00"),
        DeadLetter("undecodable", "torn", "telemetry", 0, 6, 1, b"\xff"),
    ]
    store = ClickHouseStore(settings.store())
    with RecordProducer(settings.broker(), on_refused=store.write_dead_letters) as producer:
        for letter in letters:
            producer.refuse(letter)
    found = json.loads(telltale(environment(settings), "status", "--json").stdout)
    assert found["dead_letters"] == {"duplicate": 1, "undecodable": 2}
    assert found["tables"]["dead_letters"] == 3
    topics = {topic["topic"]: topic["messages"] for topic in found["topics"]}
    assert topics == {
        "telemetry": 0,
        "risk": 0,
        "commands": 0,
        "alerts": 0,
        "dead-letters": 3,
    }
    assert found["problems"] == []
    assert "undecodable" in telltale(environment(settings), "status").stdout

    listed = telltale(environment(settings), "dead-letters", "list", "--json", "--limit", "2")
    lines = json.loads(listed.stdout)["dead_letters"]
    assert [(line["reason"], line["source_offset"]) for line in lines] == [
        ("duplicate", 5),
        ("undecodable", 6),
    ]
    replayed = telltale(environment(settings), "dead-letters", "replay", "--json")
    assert json.loads(replayed.stdout) == {"sent": 3, "left": 0}
    wrong = telltale(environment(settings), "dead-letters", "list", "--reason", "odd")
    assert wrong.returncode == 1
    assert "--reason odd: choose from undecodable" in wrong.stderr


def test_status_of_a_home_where_nothing_runs_says_so(tmp_path):
    done = telltale({"TELLTALE_HOME": str(tmp_path)}, "status", "--json")
    found = json.loads(done.stdout)
    assert (found["processes"], found["topics"], found["tables"]) == ([], [], {})
    assert ["start it with `telltale up`" in problem for problem in found["problems"]] == [True] * 2


def test_a_setting_with_a_mistake_is_one_sentence_without_a_traceback(tmp_path):
    done = telltale({"TELLTALE_HOME": str(tmp_path), "TELLTALE_KAFKA__PORT": "x"}, "status")
    assert done.returncode == 1
    assert done.stderr.startswith("telltale: TELLTALE_KAFKA__PORT should be a valid integer")
    assert "Traceback" not in done.stderr
