"""The embedded broker and store as processes: locks, ports, crashes, restarts."""

import os
import signal
import socket
import stat

import pytest

from contracts.codec import make_frame
from contracts.errors import UnavailableError
from contracts.records import VehicleEvent
from infra import jars
from infra.addresses import embedded_clickhouse, embedded_kafka, store_password
from infra.broker import EmbeddedBroker, cluster_id
from infra.connections import ClickHouseConnection, KafkaConnection
from infra.kafka import RecordProducer
from infra.offsets import topic_offsets
from infra.processes import Backbone
from infra.run_files import is_alive, last, publish, running
from infra.store import ClickHouseStore
from infra.store_process import EmbeddedStore
from infra.store_server import scratch_path

pytestmark = pytest.mark.stack


@pytest.fixture
def taken_port():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_a_crash_of_both_keeps_what_was_acknowledged(tmp_path):
    with Backbone(tmp_path, KafkaConnection(), ClickHouseConnection()) as first:
        with RecordProducer(first.kafka) as producer:
            frame = make_frame(
                profile="p",
                vehicle_id="V1",
                seq=1,
                start_ms=1,
                signals=[1],
                offsets_ms=[0],
                samples=[[1.0]],
            )
            producer.send([frame])
        event = VehicleEvent("default", "p", "V1", 1, "service", "oil")
        ClickHouseStore(first.clickhouse).write_events([event])
        for name in ("broker", "store"):
            os.kill(last(tmp_path, name).pid, signal.SIGKILL)
        for part in (first.broker, first.store):
            part.stop()
        assert running(tmp_path, "broker") is None
        with Backbone(tmp_path, KafkaConnection(), ClickHouseConnection()) as second:
            assert topic_offsets(second.kafka)["telemetry"].messages == 1
            store = ClickHouseStore(second.clickhouse)
            assert store.events("default", "p", ["V1"], 0, 10) == [event]
            assert second.kafka == first.kafka, "clients find it at the same address"
            assert second.clickhouse == first.clickhouse


def test_a_second_one_on_the_same_home_says_who_holds_it(stack):
    home = stack.backbone._home
    for name, what in (
        ("broker", EmbeddedBroker(home)),
        ("store", EmbeddedStore(home, "telltale")),
    ):
        pid = last(home, name).pid
        with pytest.raises(UnavailableError, match=f"is in use by process {pid}; stop it"):
            what.start()


def test_a_used_port_gets_one_sentence(tmp_path, taken_port):
    for start in (
        EmbeddedBroker(tmp_path, taken_port).start,
        EmbeddedStore(tmp_path, "telltale", taken_port).start,
    ):
        with pytest.raises(UnavailableError, match=rf"port {taken_port} of .* is in use; free it"):
            start()


def test_a_lock_left_by_a_dead_process_doesnt_matter(tmp_path):
    folder = tmp_path / "clickhouse"
    folder.mkdir()
    (folder / ".in-use").write_text("4194304")
    store = EmbeddedStore(tmp_path, "telltale")
    store.start()
    store.stop()
    assert not scratch_path(tmp_path).exists(), "a clean stop leaves nothing in memory"


def test_a_broker_that_cant_start_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr("infra.broker._JVM", ("-XX:NoSuchFlag",))
    with pytest.raises(UnavailableError, match="NoSuchFlag"):
        EmbeddedBroker(tmp_path).start()


def test_what_isnt_running_is_named_with_the_way_out(tmp_path):
    with pytest.raises(
        UnavailableError, match="start it with `telltale up`, or set TELLTALE_KAFKA"
    ):
        embedded_kafka(tmp_path, KafkaConnection())
    with pytest.raises(UnavailableError, match="or set TELLTALE_CLICKHOUSE__URL"):
        embedded_clickhouse(tmp_path, ClickHouseConnection())


def test_a_run_file_of_another_process_with_the_same_pid_doesnt_count(tmp_path):
    entry = publish(tmp_path, "broker", os.getpid(), "127.0.0.1:9")
    assert running(tmp_path, "broker") == entry
    assert not is_alive(entry.pid, entry.started - 100)
    (tmp_path / "run" / "broker.json").write_bytes(b"{torn")
    assert running(tmp_path, "broker") is None


def test_the_password_is_made_once_and_private(tmp_path):
    password = store_password(tmp_path)
    assert password == store_password(tmp_path)
    assert len(password) >= 24
    mode = (tmp_path / "run" / "store-password").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_a_jar_that_isnt_the_pinned_one_is_refused(tmp_path, monkeypatch):
    jar = jars.locked_jars()[0]
    folder = tmp_path.joinpath(*jar.group.split("."), jar.artifact, jar.version)
    folder.mkdir(parents=True)
    path = folder / f"{jar.artifact}-{jar.version}.jar"
    path.write_bytes(b"tampered")
    monkeypatch.setenv("M2_REPO", str(tmp_path))
    monkeypatch.setattr(jars, "locked_jars", lambda: [jar])
    with pytest.raises(UnavailableError, match=f"{jar.name} isn't the pinned file"):
        jars.fetch_jars()
    assert not path.exists()


def test_a_cluster_id_never_looks_like_an_option():
    ids = [cluster_id(bytes([first]) + bytes(15)) for first in range(256)]
    assert not [text for text in ids if text.startswith("-")]
    assert {len(text) for text in ids} == {22}
