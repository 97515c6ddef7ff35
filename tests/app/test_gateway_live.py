"""The gateway as a real process, on a real broker and a real store."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import httpx
import pytest

from app.flow import ration
from app.gateway.gateway import GROUP
from app.gateway.plan import read_note
from contracts.codec import decode_message
from contracts.records import Frame
from infra.dead_letters import read_letters
from infra.kafka import partition_of
from infra.kafka_clients import open_admin, open_producer
from infra.offsets import committed_notes, topic_offsets
from infra.run_files import all_running
from infra.store import ClickHouseStore
from tests.app.test_gateway import SIGNALS, TRUCK, T
from tests.app.test_up import environment
from tests.infra.test_kafka import read_all
from tests.ingest.samples.test_samples import cells


@pytest.fixture
def theirs(stack):
    """A topic of others on the real broker, filled: settings, topic, the samples it holds."""
    settings = stack.fresh()
    kafka = settings.broker()
    topic = f"{kafka.topic_prefix}vehicle-samples"
    with open_admin(kafka) as admin:
        admin.create_topics(
            {topic: {"num_partitions": 4, "replication_factor": 1}}, wait_for_metadata=True
        )
    yield settings, topic
    file = settings.home / "gateway.toml"
    assert file.exists()


def produce(kafka, topic, vehicles, seconds, poison=0):
    """Fill the topic; the values by vehicle, time and signal."""
    producer, expected = open_producer(kafka), {}
    for second in seconds:
        for number in range(vehicles):
            vehicle = f"V{number:03d}"
            for at, name in enumerate(SIGNALS):
                known = TRUCK.signals[at]
                value, time_ms = round(known.centre + second * 0.01, 3), T + second * 1000
                body = {"vehicle_id": vehicle, "ts": time_ms, "signal": name, "value": value}
                payload = json.dumps(body).encode()
                producer.send(topic, payload, vehicle.encode(), partition=number % 4)
                expected[vehicle, time_ms, known.spec.id] = value
    for number in range(poison):
        producer.send(topic, b"poison", partition=number % 4)
    producer.flush(30)
    producer.close()
    return expected


def gateway_process(settings, topic, *more):
    file = settings.home / "gateway.toml"
    file.write_text(f'[[topics]]\nname = "{topic}"\nprofile = "truck-diesel"\n')
    line = [sys.executable, "-m", "app.cli.main", "gateway", str(file), *more]
    env = {**os.environ, **environment(settings)}
    return subprocess.Popen(line, env=env, stderr=subprocess.PIPE, text=True)


def frames_of(kafka):
    count = topic_offsets(kafka)["telemetry"].messages
    found = []
    for got in read_all(kafka, kafka.topic("telemetry"), count) if count else []:
        for record in decode_message(got.value):
            assert isinstance(record, Frame)
            assert partition_of(record.vehicle_id, 8) == got.partition
            found.append(record)
    return found


@pytest.mark.stack
def test_killed_and_started_again_it_packs_every_sample_once(theirs):
    settings, topic = theirs
    kafka = settings.broker()
    expected, chance = {}, random.Random(5)
    for life in range(2):
        expected |= produce(kafka, topic, 12, range(100 * life, 100 * life + 100), poison=2)
        before = topic_offsets(kafka)["telemetry"].messages
        with gateway_process(settings, topic, "--every", "0.1") as gateway:
            began = time.monotonic()
            while topic_offsets(kafka)["telemetry"].messages == before:
                assert time.monotonic() < began + 60
                time.sleep(0.02)
            time.sleep(chance.uniform(0, 0.1))
            gateway.kill()
            gateway.stderr.read()
    with gateway_process(settings, topic, "--every", "0.1", "--once-idle", "3") as last:
        _, errors = last.communicate(timeout=120)
    assert last.returncode == 0, errors
    notes = committed_notes(kafka, GROUP, [topic])
    assert sum(offset for offset, _ in notes.values()) == len(expected) + 4
    assert all(read_note(text).plan is None for _, text in notes.values())
    distinct = {}
    for frame in frames_of(kafka):
        assert distinct.setdefault((frame.vehicle_id, frame.seq), frame) == frame
    found = cells(distinct.values())
    assert found == pytest.approx(expected, rel=1e-6)
    letters = {(k.letter.partition, k.letter.offset) for k in read_letters(kafka)}
    assert len(letters) == 4


@pytest.mark.stack
def test_it_sends_what_waits_when_told_to_stop_and_tells_its_figures(theirs):
    settings, topic = theirs
    kafka = settings.broker()
    with gateway_process(settings, topic, "--every", "60") as gateway:
        expected = produce(kafka, topic, 4, range(5))
        running = None
        began = time.monotonic()
        while True:
            assert time.monotonic() < began + 60
            time.sleep(0.1)
            running = next(
                (one for one in all_running(settings.home) if one.name.startswith("gateway-")), None
            )
            if running is None:
                continue
            figures = httpx.get(f"http://{running.address}/metrics").text
            if f"telltale_gateway_messages_total {float(len(expected))}" in figures:
                break
        assert topic_offsets(kafka)["telemetry"].messages == 0, "it waits for more"
        gateway.send_signal(signal.SIGTERM)
        _, errors = gateway.communicate(timeout=60)
    assert gateway.returncode == 0, errors
    assert cells(frames_of(kafka)) == pytest.approx(expected, rel=1e-6)
    assert not [one for one in all_running(settings.home) if one.name.startswith("gateway-")]


@pytest.mark.stack
def test_a_stop_does_not_wait_for_a_broker_that_hangs(theirs, stack):
    settings, topic = theirs
    kafka, broker = settings.broker(), stack.backbone.broker.child.pid
    expected = produce(kafka, topic, 4, range(5))
    with gateway_process(settings, topic, "--every", "60") as gateway:
        began = time.monotonic()
        while not [one for one in all_running(settings.home) if one.name.startswith("gateway-")]:
            assert time.monotonic() < began + 60
            time.sleep(0.1)
        time.sleep(2.0)
        os.kill(broker, signal.SIGSTOP)
        try:
            began = time.monotonic()
            gateway.send_signal(signal.SIGTERM)
            gateway.communicate(timeout=60)
            assert time.monotonic() - began < 11
        finally:
            os.kill(broker, signal.SIGCONT)
    with gateway_process(settings, topic, "--every", "0.1", "--once-idle", "3") as last:
        _, errors = last.communicate(timeout=120)
    assert last.returncode == 0, errors
    distinct = {(frame.vehicle_id, frame.seq): frame for frame in frames_of(kafka)}
    assert cells(distinct.values()) == pytest.approx(expected, rel=1e-6)


@pytest.mark.stack
def test_what_is_withheld_is_in_the_store_with_its_offsets(theirs):
    settings, topic = theirs
    kafka = settings.broker()
    produce(kafka, topic, 0, (), poison=4 * (ration.LETTERS + 9))
    with gateway_process(settings, topic, "--every", "60", "--once-idle", "3") as gateway:
        _, errors = gateway.communicate(timeout=120)
    assert gateway.returncode == 0, errors
    assert sum(1 for _ in read_letters(kafka)) == 4 * ration.LETTERS
    accounts = ClickHouseStore(settings.store()).withheld()
    assert [(one.topic, one.partition, one.count) for one in accounts] == [
        (topic, partition, 9) for partition in range(4)
    ]
    span = (ration.LETTERS, ration.LETTERS + 9)
    assert [one.spans for one in accounts] == [[span]] * 4


@pytest.mark.stack
def test_a_mistake_in_the_file_is_one_sentence(theirs):
    settings, topic = theirs
    with gateway_process(settings, topic) as gateway:
        gateway.kill()
        gateway.stderr.read()
    file = settings.home / "gateway.toml"
    file.write_text('[[topics]]\nname = "x"\nprofile = "truck"\n')
    done = subprocess.run(
        [sys.executable, "-m", "app.cli.main", "gateway", str(file)],
        env={**os.environ, **environment(settings)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("telltale: no profile 'truck'")
