import contextlib
import socket
import time

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka import TopicPartition
from kafka.partitioner.default import DefaultPartitioner

from contracts.codec import decode_message, make_frame
from contracts.dead_letters import DeadLetter
from contracts.errors import UnavailableError
from contracts.records import VehicleEvent
from contracts.topics import TOPICS
from infra import dead_letters
from infra.connections import KafkaConnection
from infra.kafka import MAX_PAYLOAD_BYTES, RecordProducer, ensure_topics, partition_of
from infra.kafka_clients import open_admin, open_consumer, open_producer, options
from infra.offsets import begin_group, group_lag, group_lags, topic_offsets


def frame(vehicle, seq, samples=1):
    return make_frame(
        profile="p",
        vehicle_id=vehicle,
        seq=seq,
        start_ms=seq,
        signals=[1],
        offsets_ms=np.arange(samples),
        samples=np.ones((samples, 1)),
    )


def read_all(connection, topic, count):
    consumer = open_consumer(connection)
    try:
        places = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)]
        consumer.assign(places)
        found = []
        while len(found) < count:
            batches = consumer.poll(timeout_ms=5000)
            assert batches, f"{len(found)} of {count} messages"
            found += [message for batch in batches.values() for message in batch]
        return found
    finally:
        consumer.close()


def telemetry(connection):
    name = connection.topic("telemetry")
    return read_all(connection, name, topic_offsets(connection)["telemetry"].messages)


@given(st.text(min_size=1, max_size=40))
def test_the_partition_is_the_one_that_kafkas_own_partitioner_picks(vehicle):
    class Cluster:
        def topics(self):
            return {"t"}

        def partitions_for_topic(self, _):
            return set(range(8))

        available_partitions_for_topic = partitions_for_topic

    key = vehicle.encode()
    expected = DefaultPartitioner().partition("t", key, key, b"", b"", Cluster())
    assert partition_of(vehicle, 8) == expected


def test_murmur2_agrees_with_the_java_client():
    # From org.apache.kafka.common.utils.UtilsTest.testMurmur2, made non-negative, modulo 1000.
    cases = {"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536}
    for text, murmur in cases.items():
        assert partition_of(text, 1000) == (murmur & 0x7FFFFFFF) % 1000


@pytest.mark.stack
def test_a_vehicles_records_keep_their_order_in_their_partition(stack):
    kafka = stack.fresh().broker()
    with RecordProducer(kafka, max_records=7) as producer:
        for seq in range(50):
            producer.send([frame(f"V{n:04d}", seq) for n in range(20)])
    seen = {}
    for message in telemetry(kafka):
        records = decode_message(message.value)
        assert len(records) <= 7
        assert message.key == records[0].vehicle_id.encode()
        for record in records:
            assert partition_of(record.vehicle_id, 8) == message.partition
            seen.setdefault(record.vehicle_id, []).append(record.seq)
    assert seen == {f"V{n:04d}": list(range(50)) for n in range(20)}


@pytest.mark.stack
def test_messages_stay_small_and_a_big_record_goes_alone(stack):
    kafka = stack.fresh().broker()
    with RecordProducer(kafka, max_bytes=20_000) as producer:
        producer.send([frame("V1", seq, samples=1000) for seq in range(20)])
        producer.send([frame("V1", 20, samples=10_000)])
    sizes = [len(message.value) for message in telemetry(kafka)]
    assert max(sizes) > 60_000
    assert all(size < 25_000 for size in sorted(sizes)[:-1])


@pytest.mark.stack
def test_a_lone_record_leaves_without_flush(stack):
    kafka = stack.fresh().broker()
    with RecordProducer(kafka) as producer:
        producer.send([VehicleEvent("default", "p", "V1", 1, "fault_code", "P0217")])
        end = time.monotonic() + 10
        while topic_offsets(kafka)["telemetry"].messages == 0:
            assert time.monotonic() < end, "the record never left"


@pytest.mark.stack
def test_topics_are_as_declared_and_made_once(stack):
    kafka = stack.fresh().broker()
    ensure_topics(kafka)
    offsets = topic_offsets(kafka)
    assert {name: len(topic.end) for name, topic in offsets.items()} == {
        topic.name: topic.partitions for topic in TOPICS
    }
    with RecordProducer(kafka) as producer:
        producer.send([frame("V1", 1)])
    (message,) = telemetry(kafka)
    assert message.timestamp_type == 1, "the broker stamps messages itself (LogAppendTime)"


@pytest.mark.stack
def test_topics_keyed_by_vehicle_have_the_partitions_that_are_set(stack):
    kafka = stack.settings.kafka.model_copy(update={"topic_prefix": "many-", "partitions": 12})
    ensure_topics(kafka)
    keyed = {"telemetry", "risk", "commands", "alerts"}
    counts = {name: len(topic.end) for name, topic in topic_offsets(kafka).items()}
    assert counts == {**dict.fromkeys(keyed, 12), "dead-letters": 1}


@pytest.mark.stack
def test_topics_follow_telemetry_where_it_is_there_already(stack):
    kafka = stack.settings.kafka.model_copy(update={"topic_prefix": "given-", "partitions": 5})
    with open_admin(kafka) as admin:
        given_ = {kafka.topic("telemetry"): {"num_partitions": 3, "replication_factor": 1}}
        admin.create_topics(given_, wait_for_metadata=True)
    ensure_topics(kafka)
    assert len(topic_offsets(kafka)["risk"].end) == 3


@pytest.mark.stack
def test_lag_counts_what_a_group_has_not_committed(stack):
    kafka = stack.fresh().broker()
    with RecordProducer(kafka, max_records=1) as producer:
        producer.send([frame("V1", seq) for seq in range(5)])
    group, topic = kafka.group("reader"), kafka.topic("telemetry")
    place = TopicPartition(topic, partition_of("V1", 8))
    consumer = open_consumer(kafka, group=group)
    consumer.assign([place])
    next(iter(consumer))
    consumer.commit()
    consumer.close(autocommit=False)
    assert group_lags(kafka) == {group: {topic: 4}}


@pytest.mark.stack
def test_a_group_that_never_read_begins_with_what_is_new(stack):
    kafka = stack.fresh().broker()
    with RecordProducer(kafka, max_records=1) as producer:
        producer.send([frame("V1", seq) for seq in range(3)])
        producer.flush()
        time.sleep(0.05)
        since_ms = time.time_ns() // 1_000_000
        time.sleep(0.05)
        producer.send([frame("V1", seq) for seq in range(3, 5)])
    begin_group(kafka, "newcomer", "telemetry", since_ms)
    assert sum(group_lags(kafka)[kafka.group("newcomer")].values()) == 2
    begin_group(kafka, "newcomer", "telemetry", since_ms + 3_600_000)
    assert sum(group_lags(kafka)[kafka.group("newcomer")].values()) == 2
    begin_group(kafka, "latecomer", "telemetry", since_ms + 3_600_000)
    assert sum(group_lags(kafka)[kafka.group("latecomer")].values()) == 0


@pytest.mark.stack
def test_a_group_has_all_of_a_topic_that_is_younger(stack):
    kafka = stack.fresh().broker()
    with RecordProducer(kafka, max_records=1) as producer:
        producer.send([frame("V1", seq) for seq in range(3)])
    begin_group(kafka, "newcomer", "telemetry", time.time_ns() // 1_000_000 - 3_600_000)
    assert group_lag(kafka, "newcomer", "telemetry") == 3


def letter(offset, reason="undecodable", topic="telemetry", payload=b"\x00\xff"):
    return DeadLetter(reason, "why", topic, 3, offset, 1, payload)


@pytest.mark.stack
def test_dead_letters_keep_their_bytes_and_are_told_of(stack):
    kafka = stack.fresh().broker()
    told = []
    with RecordProducer(kafka, on_refused=told.extend) as producer:
        for offset in range(3):
            producer.refuse(letter(offset))
    assert told == [letter(offset) for offset in range(3)]
    assert [kept.letter for kept in dead_letters.read_letters(kafka)] == told


@pytest.mark.stack
def test_an_overlong_dead_letter_is_cut_and_says_so(stack):
    kafka = stack.fresh().broker()
    with RecordProducer(kafka) as producer:
        producer.refuse(letter(0, payload=b"x" * 2_000_000))
    (kept,) = dead_letters.read_letters(kafka)
    assert len(kept.letter.payload) == MAX_PAYLOAD_BYTES
    assert "cut from 2000000 bytes" in kept.letter.detail


@pytest.mark.stack
def test_dead_letters_go_back_once_to_where_they_were(stack):
    kafka = stack.fresh().broker()
    with RecordProducer(kafka) as producer:
        producer.refuse(letter(0, payload=b"first"))
        producer.refuse(letter(1, topic="drive.csv"))
        producer.refuse(letter(2, "duplicate", payload=b"second"))
    assert dead_letters.replay(kafka, "duplicate") == (1, 0)
    assert dead_letters.replay(kafka, "duplicate") == (0, 0)
    assert dead_letters.replay(kafka) == (1, 1)
    assert dead_letters.replay(kafka) == (0, 0)
    with RecordProducer(kafka) as producer:
        producer.refuse(letter(3, "duplicate", payload=b"third"))
    assert dead_letters.replay(kafka, "bad_value") == (0, 0)
    assert dead_letters.replay(kafka, "duplicate") == (1, 0)
    assert dead_letters.replay(kafka) == (0, 0)
    assert dead_letters.replay(kafka, again=True) == (3, 1)
    found = [(message.partition, message.value) for message in telemetry(kafka)]
    once = [b"second", b"first", b"third"]
    assert found == [(3, value) for value in (*once, b"first", b"second", b"third")]


@pytest.mark.stack
def test_a_letter_that_isnt_one_is_passed_over(stack):
    kafka = stack.fresh().broker()
    with RecordProducer(kafka) as producer:
        producer.refuse(letter(0))
        producer._producer.send(kafka.topic("dead-letters"), b"junk", partition=0)
        producer.refuse(letter(1))
    assert [kept.letter.offset for kept in dead_letters.read_letters(kafka)] == [0, 1]


def test_a_broker_that_is_away_gets_one_sentence(monkeypatch):
    monkeypatch.setattr("infra.kafka_clients.CONNECT_LIMIT_S", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        connection = KafkaConnection(bootstrap_servers=address)
        with (
            pytest.raises(UnavailableError, match=f"Kafka at {address} doesn't answer"),
            open_admin(connection),
        ):
            pass
        with pytest.raises(UnavailableError, match="TELLTALE_KAFKA__BOOTSTRAP_SERVERS"):
            RecordProducer(connection)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_credentials_and_certificates_reach_the_clients(tmp_path, mechanism):
    files = {name: tmp_path / name for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile")}
    for path in files.values():
        path.touch()
    connection = KafkaConnection(
        bootstrap_servers="a:9093, b:9093",
        security_protocol="SASL_SSL",
        sasl_mechanism=mechanism,
        sasl_username="fleet",
        sasl_password="secret",
        **files,
    )
    chosen = options(connection)
    assert chosen["bootstrap_servers"] == ["a:9093", "b:9093"]
    assert chosen["sasl_mechanism"] == mechanism
    assert (chosen["sasl_plain_username"], chosen["sasl_plain_password"]) == ("fleet", "secret")
    assert {name: chosen[name] for name in files} == {n: str(p) for n, p in files.items()}
    assert "secret" not in repr(connection)


@pytest.mark.parametrize("servers", ["localhost", "a:b", " , ", "no.such.host.invalid:9092"])
def test_an_address_that_makes_no_sense_gets_one_sentence(monkeypatch, servers):
    monkeypatch.setattr("infra.kafka_clients.CONNECT_LIMIT_S", 0.2)
    connection = KafkaConnection(bootstrap_servers=servers)
    with pytest.raises(UnavailableError, match="doesn't answer"), open_admin(connection):
        pass


@pytest.mark.stack
def test_no_client_stays_away_from_a_broker_that_is_back(stack):
    kafka = stack.settings.kafka
    consumer, producer = open_consumer(kafka), open_producer(kafka)
    with contextlib.closing(consumer), contextlib.closing(producer), open_admin(kafka) as admin:
        for client in (consumer, producer, admin):
            assert client.config["reconnect_backoff_max_ms"] <= 1_000


def test_a_plain_connection_carries_no_credentials():
    chosen = options(KafkaConnection(bootstrap_servers="a:9092"))
    assert not [name for name in chosen if name.startswith(("sasl", "ssl"))]


def test_dead_letters_are_msgpack_of_the_struct():
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(letter(5)), type=DeadLetter) == letter(5)
