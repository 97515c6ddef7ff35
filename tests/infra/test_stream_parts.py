"""What the worker needs of Kafka beside Faust, and how Faust is set."""

import ssl
import urllib.request

import numpy as np
import pytest
from pydantic import SecretStr

from contracts.batches import RiskRows
from contracts.risk import decode_risk
from contracts.topics import RISK, TELEMETRY
from infra.connections import KafkaConnection
from infra.faust_app import create_app, raw_topic
from infra.kafka import partition_count, partition_of
from infra.kafka_clients import open_consumer, open_producer
from infra.log_reader import LogReader
from infra.metrics import WorkerMetrics
from infra.offsets import committed_offsets, group_members
from infra.risk_publisher import RiskPublisher
from infra.snapshots import FolderSnapshots


def app_of(tmp_path, **more):
    connection = KafkaConnection(bootstrap_servers="a:9092, b:9093", topic_prefix="x-", **more)
    return create_app(connection, "workers", tmp_path, 64)


def test_faust_is_set_as_exactly_once_needs_it(tmp_path):
    conf = app_of(tmp_path).conf
    assert conf.id == "x-workers"
    assert [str(url) for url in conf.broker] == ["aiokafka://a:9092", "aiokafka://b:9093"]
    assert (conf.broker_session_timeout, conf.broker_heartbeat_interval) == (6, 2)
    assert not conf.stream_wait_empty
    assert not conf.web_enabled
    assert not conf.topic_allow_declare
    topic = raw_topic(app_of(tmp_path), "telemetry")
    assert not topic.acks
    assert topic.value_type is bytes


@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
def test_faust_gets_sasl_and_tls(tmp_path, protocol):
    conf = app_of(
        tmp_path,
        security_protocol=protocol,
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="u",
        sasl_password=SecretStr("p"),
    ).conf
    found = conf.broker_credentials
    assert (found.username, found.password, found.mechanism.value) == ("u", "p", "SCRAM-SHA-512")
    assert found.protocol.value == protocol
    assert (found.ssl_context is not None) == (protocol == "SASL_SSL")


def test_faust_gets_tls_that_verifies(tmp_path):
    context = app_of(tmp_path, security_protocol="SSL").conf.broker_credentials.context
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname


def test_metrics_are_served_on_loopback():
    metrics = WorkerMetrics()
    metrics.refused.labels("duplicate").inc(3)
    port, stop = metrics.serve(0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    finally:
        stop()
    assert 'telltale_worker_refused_total{reason="duplicate"} 3.0' in text


def test_a_replaced_snapshot_takes_the_place_of_one_with_its_offset(tmp_path):
    snapshots = FolderSnapshots(str(tmp_path))
    snapshots.save(0, 5, b"old")
    snapshots.save(0, 5, b"ignored")
    assert next(snapshots.load(0)) == (5, b"old")
    snapshots.replace(0, 5, b"new")
    assert list(snapshots.load(0)) == [(5, b"new")]


@pytest.mark.stack
def test_the_log_is_read_beside_the_group(stack):
    kafka = stack.fresh().broker()
    topic = kafka.topic(TELEMETRY)
    producer = open_producer(kafka)
    for number in range(7):
        producer.send(topic, b"%d" % number, partition=2)
    producer.flush()
    producer.close()
    reader = LogReader(kafka, topic)
    assert (reader.start(2), reader.start(1)) == (0, 0)
    found, position = reader.read(2, 3, 6)
    assert [(m.offset, m.payload) for m in found] == [(3, b"3"), (4, b"4"), (5, b"5")]
    assert position == 6
    assert all(m.time_ms > 1_700_000_000_000 for m in found)
    reader.close()
    assert partition_count(kafka, TELEMETRY) == 8
    assert group_members(kafka, "nobody") == 0
    assert committed_offsets(kafka, "nobody", TELEMETRY) == {}


@pytest.mark.stack
def test_risk_goes_to_the_partition_of_its_vehicle(stack):
    kafka = stack.fresh().broker()
    vehicles = [f"V{number}" for number in range(600)]
    risk = np.linspace(0, 1, 600 * 2 * 3, dtype=np.float32).reshape(600, 2, 3)
    rul = np.stack([np.arange(600.0)] * 3, axis=1).astype(np.float32)
    times = np.arange(600, dtype=np.int64)
    rows = RiskRows(
        "truck-diesel", "m", ["dpf", "scr"], ["default"] * 600, vehicles, times, risk, rul
    )
    publisher = RiskPublisher(kafka)
    publisher.publish([rows])
    publisher.close()
    consumer = open_consumer(kafka, kafka.topic(RISK))
    found = {}
    while len(found) < 600:
        for place, batch in consumer.poll(timeout_ms=1_000).items():
            for message in batch:
                for update in decode_risk(message.value):
                    assert partition_of(update.vehicle_id, 8) == place.partition
                    found[update.vehicle_id] = update
    consumer.close()
    one = found["V7"]
    assert (one.model, one.time_ms, one.rul.value) == ("m", 7, 7.0)
    assert [mode.mode for mode in one.modes] == ["dpf", "scr"]
    assert [one.modes[1].risk_7, one.modes[1].risk_90] == [risk[7, 1, 0], risk[7, 1, 2]]
