"""Real worker processes on a real broker and a real store."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from app.watchdog import EXIT_STALLED
from contracts.codec import decode_message
from contracts.records import VehicleEvent
from contracts.risk import decode_risk
from contracts.topics import RISK, TELEMETRY
from infra.dead_letters import read_letters
from infra.kafka import RecordProducer
from infra.kafka_clients import open_consumer, open_producer
from infra.offsets import committed_offsets, group_lags, topic_offsets
from infra.snapshots import FolderSnapshots
from infra.store import ClickHouseStore
from tests.app.stream_fixtures import PERIOD, PROFILE, START, frame

pytestmark = pytest.mark.stack

TABLES = {
    "summaries": "vehicle_id, time, seq, mean, std, last",
    "events": "vehicle_id, time, kind, code",
    "features": "vehicle_id, time, trigger, values",
    "risk": "vehicle_id, time, model, risk_30",
}


def environment(settings, **more):
    kafka, store = settings.broker(), settings.store()
    return {
        **os.environ,
        "TELLTALE_HOME": str(settings.home),
        "TELLTALE_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "TELLTALE_KAFKA__TOPIC_PREFIX": kafka.topic_prefix,
        "TELLTALE_CLICKHOUSE__URL": store.url,
        "TELLTALE_CLICKHOUSE__PASSWORD": store.password.get_secret_value(),
        "TELLTALE_CLICKHOUSE__DATABASE": store.database,
        "TELLTALE_WORKER__SNAPSHOT_INTERVAL_S": "0.3",
        "TELLTALE_WORKER__BATCH_MESSAGES": "16",
        **more,
    }


@contextlib.contextmanager
def worker(settings, log_name="worker.log", **more):
    """A running worker; killed at the end if it still runs."""
    log = settings.home / log_name
    with (
        log.open("ab") as output,
        subprocess.Popen(
            [sys.executable, "-m", "tests.app.prior_worker"],
            env=environment(settings, **more),
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def log_of(settings):
    return (settings.home / "worker.log").read_text()


def wait_until(condition, settings, limit_s=120):
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, log_of(settings)[-4_000:]
        time.sleep(0.05)


def count(settings, table="summaries"):
    rows = ClickHouseStore(settings.store()).clickhouse.rows(f"SELECT count() FROM {table} FINAL")
    return rows[0][0]


def fingerprint(settings):
    """Rows and a hash of their content, by table."""
    store = ClickHouseStore(settings.store()).clickhouse
    return {
        table: store.rows(f"SELECT count(), groupBitXor(cityHash64({columns})) FROM {table} FINAL")[
            0
        ]
        for table, columns in TABLES.items()
    }


def turn(seq, vehicles=100):
    """A frame of each vehicle, and a fault code of some."""
    code = PROFILE.fault_codes[0].code
    happened = [
        VehicleEvent(
            "default", PROFILE.name, f"V{v:03d}", START + seq * PERIOD + 1, "fault_code", code
        )
        for v in range(seq, vehicles, 17)
    ]
    return [*(frame(f"V{v:03d}", seq) for v in range(vehicles)), *happened]


def send(settings, *turns):
    with RecordProducer(settings.broker(), max_records=8) as producer:
        for records in turns:
            producer.send(records)


def stop(process, settings):
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0, log_of(settings)[-4_000:]
    return time.monotonic() - began


def lag(settings):
    kafka = settings.broker()
    return sum(group_lags(kafka)[kafka.group("telltale-worker")].values())


def kafka_commits(settings):
    return committed_offsets(settings.broker(), "telltale-worker", TELEMETRY)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def updates(settings):
    kafka = settings.broker()
    total = topic_offsets(kafka)[RISK].messages
    consumer, found = open_consumer(kafka, kafka.topic(RISK)), []
    messages = 0
    while messages < total:
        for batch in consumer.poll(timeout_ms=1_000).values():
            messages += len(batch)
            found += [update for message in batch for update in decode_risk(message.value)]
    consumer.close()
    return found


def test_two_kills_in_mid_stream_leave_the_rows_of_an_undisturbed_run(stack):
    calm, rough = stack.fresh(), stack.fresh()
    turns = [turn(seq) for seq in range(50)]
    for settings in (calm, rough):
        (settings.home / "champion").write_text("prior-1")
    send(calm, *turns)
    with worker(calm) as process:
        wait_until(lambda: count(calm) == 5_000, calm)
        assert stop(process, calm) < 10

    for sent in (slice(0, 15), slice(15, 35)):
        before = count(rough)
        with worker(rough) as process:
            send(rough, *turns[sent])
            wait_until(lambda low=before: count(rough) > low + 700, rough)
            process.send_signal(signal.SIGKILL)
    with worker(rough) as process:
        send(rough, *turns[35:])
        wait_until(lambda: count(rough) == 5_000, rough)
        stop(process, rough)

    expected = fingerprint(calm)
    assert expected["summaries"][0] == 5_000
    assert expected["risk"][0] == expected["features"][0] > 250
    assert fingerprint(rough) == expected
    assert count(rough, "dead_letters") == 0
    seen = {(u.vehicle_id, u.time_ms) for u in updates(rough)}
    assert seen == {(u.vehicle_id, u.time_ms) for u in updates(calm)}
    assert len(seen) == expected["risk"][0]


def test_a_life_of_a_worker(stack):
    """Poison, a champion swapped under way, a stop, a start from the snapshot."""
    settings = stack.fresh()
    kafka, champion = settings.broker(), settings.home / "champion"
    with worker(settings) as process:
        send(settings, turn(0, 20))
        producer = open_producer(kafka)
        producer.send(kafka.topic(TELEMETRY), b"\xc1 not a message", partition=3)
        producer.flush()
        producer.close()
        send(settings, turn(1, 20), [frame("V001", 1)])
        wait_until(lambda: count(settings) == 40, settings)
        wait_until(lambda: len(list(read_letters(kafka))) == 2, settings)
        letters = {kept.letter.reason: kept.letter for kept in read_letters(kafka)}
        assert sorted(letters) == ["duplicate", "undecodable"]
        assert letters["undecodable"].payload == b"\xc1 not a message"
        assert letters["undecodable"].topic == kafka.topic(TELEMETRY)
        assert letters["undecodable"].partition == 3
        assert decode_message(letters["duplicate"].payload) == [frame("V001", 1)]
        assert count(settings, "dead_letters") == 2
        assert count(settings, "risk") == 0

        for identity in ("prior-1", "prior-2"):
            champion.write_text(identity)
            wait_until(lambda name=identity: f"model={name}" in log_of(settings), settings)
            seq = int(identity[-1]) + 1
            send(settings, turn(seq, 20))
            wait_until(lambda total=seq: count(settings) == 20 * (total + 1), settings)
        for identity in ("broken-1", "other-1"):
            champion.write_text(identity)
            wait_until(lambda name=identity: f"{name}" in log_of(settings), settings)
        assert "the one before stays" in log_of(settings)
        refused = subprocess.run(
            [sys.executable, "-m", "app.cli.main", "state", "rebuild"],
            env=environment(settings),
            capture_output=True,
            text=True,
            check=False,
        )
        assert refused.returncode == 1
        assert "are running" in refused.stderr
        wait_until(lambda: lag(settings) == 0, settings)
        assert stop(process, settings) < 10

    models = {u.model for u in updates(settings) if u.modes}
    assert models == {"prior-1", "prior-2"}
    ends = {p: end for p, end in topic_offsets(kafka)[TELEMETRY].end.items() if end}
    snapshots = FolderSnapshots(settings.snapshots_url)
    assert {p: next(snapshots.load(p))[0] for p in ends} == ends

    with worker(settings) as process:
        send(settings, turn(4, 20))
        wait_until(lambda: count(settings) == 100, settings)
        wait_until(lambda: "run `telltale state rebuild`" in log_of(settings), settings)
        stop(process, settings)
    assert count(settings, "dead_letters") == 2
    assert log_of(settings).count("partition loaded") == len(ends)


def test_who_joins_goes_on_where_the_others_were_however_old_their_snapshots(stack):
    settings, seldom = stack.fresh(), {"TELLTALE_WORKER__SNAPSHOT_INTERVAL_S": "3600"}
    with worker(settings, **seldom) as first:
        send(settings, turn(0))
        wait_until(lambda: count(settings) == 100, settings)
        begun = log_of(settings).count("partition starts without a snapshot")
        with worker(settings, **seldom) as second:
            wait_until(lambda: log_of(settings).count("partitions assigned") >= 3, settings)
            send(settings, turn(1))
            wait_until(lambda: count(settings) == 200, settings)
            stop(second, settings)
        stop(first, settings)
    assert log_of(settings).count("partition starts without a snapshot") == begun > 0
    assert log_of(settings).count("partition loaded") >= begun
    assert count(settings, "dead_letters") == 0


def test_a_rebuilt_state_goes_on_as_if_it_had_never_stopped(stack):
    calm, rebuilt = stack.fresh(), stack.fresh()
    turns = [turn(seq, 30) for seq in range(12)]
    with worker(calm) as process:
        send(calm, *turns)
        wait_until(lambda: count(calm) == 360, calm)
        stop(process, calm)
    with worker(rebuilt) as process:
        send(rebuilt, *turns[:6])
        wait_until(lambda: count(rebuilt) == 180, rebuilt)
        stop(process, rebuilt)
    for file in (rebuilt.home / "snapshots").rglob("*.snapshot"):
        file.unlink()
    done = subprocess.run(
        [sys.executable, "-m", "app.cli.main", "state", "rebuild", "--json"],
        env=environment(rebuilt),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["vehicles"], found["summaries"]) == (30, 180)
    with worker(rebuilt) as process:
        send(rebuilt, turns[5], *turns[6:])
        wait_until(lambda: count(rebuilt) == 360, rebuilt)
        wait_until(lambda: count(rebuilt, "dead_letters") >= 30, rebuilt)
        stop(process, rebuilt)
    assert fingerprint(rebuilt) == fingerprint(calm)


def test_while_the_store_is_away_nothing_is_saved_or_lost(stack):
    settings = stack.fresh()
    send(settings, turn(0, 20))
    nowhere = f"http://127.0.0.1:{free_port()}"
    with worker(settings, TELLTALE_CLICKHOUSE__URL=nowhere) as process:
        wait_until(lambda: "the store is away" in log_of(settings), settings)
        send(settings, turn(1, 20))
        assert stop(process, settings) < 10
    assert log_of(settings).count("the store is away") == 1
    assert not list((settings.home / "snapshots").rglob("*.snapshot"))
    assert kafka_commits(settings) == {}
    with worker(settings) as process:
        wait_until(lambda: count(settings) == 40, settings)
        stop(process, settings)
    assert count(settings, "dead_letters") == 0


@pytest.mark.parametrize("part", ["broker", "store"])
def test_a_stop_ends_within_ten_seconds_though_the_other_side_hangs(stack, part):
    settings = stack.fresh()
    send(settings, turn(0, 20))
    other = getattr(stack.backbone, part).child.pid
    with worker(settings) as process:
        wait_until(lambda: count(settings) == 20, settings)
        os.kill(other, signal.SIGSTOP)
        try:
            if part == "store":
                send(settings, turn(1, 20))
            time.sleep(2.0)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            # 0 where nothing was left to do when the other side stopped answering.
            assert process.wait(60) in {0, EXIT_STALLED}
            assert time.monotonic() - began < 11
        finally:
            os.kill(other, signal.SIGCONT)
    send(settings, turn(1, 20), turn(2, 20))
    with worker(settings) as process:
        wait_until(lambda: count(settings) == 60, settings)
        stop(process, settings)
