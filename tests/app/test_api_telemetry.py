"""`POST /v1/telemetry` on the real broker: taken once Kafka has it, refused with a reason."""

import contextlib
import gzip
import os
import signal
import time
from concurrent import futures
from types import SimpleNamespace

import cramjam
import httpx
import msgspec
import pytest
from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata

from app.worker import GROUP
from contracts.codec import decode_message, encode_message
from contracts.topics import TELEMETRY
from infra.dead_letters import read_letters
from infra.kafka import partition_of
from infra.kafka_clients import open_consumer
from infra.store import ClickHouseStore
from tests.app.guarded import Keys, client, guarded
from tests.app.serving import serve
from tests.app.test_intake_forms import EVENT, FRAME
from tests.infra.test_kafka import read_all

pytestmark = pytest.mark.stack


class Gate:
    def __init__(self, settings, url, keys):
        self.settings, self.url, self.keys = settings, url, keys
        self.client = client(url, keys.headers("default", "ingest"))

    def post(self, *records, **more):
        return self.client.post("/v1/telemetry", json={"records": list(records)}, **more)

    def messages(self):
        kafka = self.settings.broker()
        count = sum(end(kafka).values())
        return read_all(kafka, kafka.topic(TELEMETRY), count)

    def records(self):
        return [record for message in self.messages() for record in decode_message(message.value)]


def end(kafka):
    consumer = open_consumer(kafka)
    try:
        topic = kafka.topic(TELEMETRY)
        places = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)]
        return {place.partition: at for place, at in consumer.end_offsets(places).items()}
    finally:
        consumer.close()


@pytest.fixture(scope="module")
def gate(stack):
    settings = guarded(stack.fresh())
    with serve(settings) as url:
        gate = Gate(settings, url, Keys.made(settings))
        with gate.client:
            yield gate


TIME = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def frames(count, first=0, vehicle="A1"):
    return [{**FRAME, "vehicle_id": vehicle, "seq": first + n, "time": TIME} for n in range(count)]


def test_what_is_answered_with_202_is_in_kafka_once(gate):
    sent = [*frames(3, 100), *frames(2, 100, "B7"), {**EVENT, "vehicle_id": "A1"}]
    answer = gate.post(*sent)
    assert answer.status_code == 202, answer.text
    assert answer.json() == {"accepted": 6, "duplicates": 0, "refused": [], "withheld": 0}
    assert gate.post(*sent).json() == {"accepted": 0, "duplicates": 6, "refused": [], "withheld": 0}
    again = gate.post(*frames(4, 100))
    assert again.json()["accepted"] == 1
    found = gate.records()
    assert sorted(r.seq for r in found if getattr(r, "seq", 0) >= 100 and r.vehicle_id == "A1") == [
        100,
        101,
        102,
        103,
    ]
    for message in gate.messages():
        for record in decode_message(message.value):
            assert record.tenant == "default"
            assert message.partition == partition_of(record.vehicle_id, 8)


def test_every_form_and_encoding_says_the_same(gate):
    start = 200
    plain = msgspec.json.encode({"records": frames(1, start)})
    packed = {"": plain, "gzip": gzip.compress(plain), "zstd": bytes(cramjam.zstd.compress(plain))}
    for at, (encoding, body) in enumerate(packed.items()):
        headers = {"Content-Type": "application/json"}
        if encoding:
            headers["Content-Encoding"] = encoding
        answer = gate.client.post("/v1/telemetry", content=body, headers=headers)
        assert answer.status_code == 202, answer.text
        assert answer.json()["duplicates"] == (1 if at else 0)
    (record,) = [one for one in gate.records() if getattr(one, "seq", 0) == start]
    answer = gate.client.post(
        "/v1/telemetry",
        content=encode_message([record]),
        headers={"Content-Type": "application/msgpack"},
    )
    assert answer.json()["duplicates"] == 1


def test_bad_records_are_told_and_kept_and_the_good_ones_taken(gate):
    bad = {**frames(1, 301)[0], "signals": ["Speed", "Sped"]}
    foreign = frames(1, 302, "C1")[0]
    answer = gate.post(*frames(1, 300), bad, foreign, *frames(1, 303))
    assert answer.status_code == 202
    told = answer.json()
    assert told["accepted"] == 2
    assert [(one["index"], one["reason"]) for one in told["refused"]] == [
        (1, "unknown_signal"),
        (2, "foreign_vehicle"),
    ]
    letters = [kept.letter for kept in read_letters(gate.settings.broker())]
    kept = {letter.reason: letter for letter in letters}
    assert msgspec.json.decode(kept["unknown_signal"].payload) == bad
    assert kept["foreign_vehicle"].topic == "POST /v1/telemetry"
    assert "'Sped'" in kept["unknown_signal"].detail
    rows = ClickHouseStore(gate.settings.store()).clickhouse.rows(
        "SELECT reason, count() FROM dead_letters FINAL GROUP BY reason"
    )
    assert dict(rows) == {"unknown_signal": 1, "foreign_vehicle": 1}


def test_more_bad_records_than_a_key_may_keep_are_told_and_counted(gate, monkeypatch):
    before = len(list(read_letters(gate.settings.broker())))
    monkeypatch.setattr("app.flow.ration.LETTERS", 0)
    bad = [{**one, "signals": ["Speed", "Sped"]} for one in frames(3, 310)]
    told = gate.post(*bad, *frames(1, 313)).json()
    assert (told["accepted"], len(told["refused"]), told["withheld"]) == (1, 3, 3)
    answer = gate.post(*bad)
    assert answer.status_code == 422
    assert "3 were too many to be kept as dead letters" in answer.json()["detail"]
    assert len(list(read_letters(gate.settings.broker()))) == before
    with client(gate.url, gate.keys.headers("default", "admin")) as admin:
        figures = admin.get("/metrics").text
    assert "telltale_intake_withheld_total 6.0" in figures


@pytest.mark.parametrize(
    ("request_", "status", "kind"),
    [
        ({"json": {"records": [{**FRAME, "vehicle_id": "C1"}]}}, 403, "forbidden"),
        ({"json": {"records": [{**FRAME, "samples": []}]}}, 422, "bad-request"),
        ({"json": {"records": []}}, 422, "bad-request"),
        (
            {"content": b"{", "headers": {"Content-Type": "application/json"}},
            400,
            "unreadable-body",
        ),
        ({"content": b"x", "headers": {"Content-Type": "text/plain"}}, 415, "unknown-type"),
        (
            {
                "content": b"x",
                "headers": {"Content-Type": "application/json", "Content-Encoding": "br"},
            },
            415,
            "unknown-encoding",
        ),
        (
            {
                "content": b" " * 1_100_000,
                "headers": {"Content-Type": "application/json"},
            },
            413,
            "too-large",
        ),
        (
            {
                "content": gzip.compress(b" " * 9_000_000),
                "headers": {"Content-Type": "application/json", "Content-Encoding": "gzip"},
            },
            413,
            "too-large",
        ),
    ],
)
def test_a_request_that_cant_be_taken_is_a_problem_that_says_why(gate, request_, status, kind):
    answer = gate.client.post("/v1/telemetry", **request_)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:telltale:problem:{kind}"


def test_a_body_without_an_end_is_cut_off(gate):
    def endless():
        while True:
            yield b" " * 65_536

    headers = {"Content-Type": "application/json"}
    try:
        answer = gate.client.post("/v1/telemetry", content=endless(), headers=headers)
    except httpx.WriteError:
        # The server closed while the body was still coming.
        return
    assert answer.status_code == 413


def test_many_senders_at_once_share_messages(gate):
    before = sum(end(gate.settings.broker()).values())
    with httpx.Client(base_url=gate.url, headers=gate.client.headers, timeout=30) as sender:
        bodies = [{"records": frames(1, 1_000 + n)} for n in range(32)]
        with futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda body: sender.post("/v1/telemetry", json=body), bodies))
    assert {answer.status_code for answer in answers} == {202}
    found = [one.seq for one in gate.records() if 1_000 <= getattr(one, "seq", 0) < 1_032]
    assert sorted(found) == list(range(1_000, 1_032))
    assert sum(end(gate.settings.broker()).values()) - before < 32


def test_too_many_records_at_once_have_to_wait(stack):
    settings = guarded(stack.fresh())
    slow = settings.ingest.model_copy(update={"records_per_s": 5})
    settings = settings.model_copy(update={"ingest": slow})
    keys = Keys.made(settings, ["default"])
    with serve(settings) as url, client(url, keys.headers("default", "ingest")) as device:
        assert device.post("/v1/telemetry", json={"records": frames(20)}).status_code == 202
        answer = device.post("/v1/telemetry", json={"records": frames(10, 20)})
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 3
        other, text = keys.make("default", "ingest", ["A*"])
        headers = {"X-API-Key": text}
        assert other.role == "ingest"
        second = device.post(
            "/v1/telemetry",
            json={"records": frames(1, 30)},
            headers={"Authorization": "", **headers},
        )
        assert second.status_code == 202, second.text


def test_a_stream_that_is_behind_asks_devices_to_wait(stack):
    settings = guarded(stack.fresh())
    tight = settings.ingest.model_copy(update={"max_lag": 3})
    settings = settings.model_copy(update={"ingest": tight})
    keys = Keys.made(settings, ["default"])
    kafka = settings.broker()
    with serve(settings) as url, client(url, keys.headers("default", "ingest")) as device:
        sequence = iter(range(1_000))

        def post():
            return device.post("/v1/telemetry", json={"records": frames(1, next(sequence))})

        def until(status):
            limit = time.monotonic() + 60
            while (answer := post()).status_code != status:
                assert time.monotonic() < limit
                time.sleep(0.2)
            return answer

        answer = until(429)
        assert answer.headers["retry-after"] == "10"
        assert "behind" in answer.json()["detail"]
        catch_up(kafka)
        assert until(202).json()["accepted"] == 1


def catch_up(kafka):
    """Commit the end of the stream as a worker that has applied everything would."""
    consumer = open_consumer(kafka, group=kafka.group(GROUP))
    try:
        topic = kafka.topic(TELEMETRY)
        places = {
            TopicPartition(topic, p): OffsetAndMetadata(at, "", -1) for p, at in end(kafka).items()
        }
        consumer.assign(list(places))
        consumer.commit(places)
    finally:
        consumer.close()


@contextlib.contextmanager
def without_broker(stack):
    """A device of an API whose broker is away."""
    settings = guarded(stack.fresh())
    keys = Keys.made(settings, ["default"])
    away = settings.kafka.model_copy(update={"bootstrap_servers": "127.0.0.1:9"})
    settings = settings.model_copy(update={"kafka": away})
    with serve(settings) as url, client(url, keys.headers("default", "ingest")) as device:
        yield device


def test_a_broker_that_is_away_takes_nothing_and_says_so(stack, monkeypatch):
    monkeypatch.setattr("infra.kafka_clients.CONNECT_LIMIT_S", 0.5)
    with without_broker(stack) as device:
        answer = device.post("/v1/telemetry", json={"records": frames(1)})
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        again = device.post("/v1/telemetry", json={"records": frames(1)})
        assert again.status_code == 503, "nothing counts as taken that the broker never had"


def test_many_who_send_while_the_broker_is_away_hold_up_nobody(stack, monkeypatch):
    monkeypatch.setattr("infra.kafka_clients.CONNECT_LIMIT_S", 1.0)
    with without_broker(stack) as device:
        bodies = [{"records": frames(1, seq)} for seq in range(48)]
        began = time.monotonic()
        with futures.ThreadPoolExecutor(len(bodies)) as pool:
            posted = pool.map(lambda body: device.post("/v1/telemetry", json=body), bodies)
            assert {answer.status_code for answer in posted} == {503}
        assert time.monotonic() - began < 12


def test_nothing_is_answered_before_the_broker_has_it(gate, stack, monkeypatch):
    broker = stack.backbone.broker.child.pid
    assert gate.post(*frames(1, 2_000)).status_code == 202
    later = SimpleNamespace(monotonic=lambda: time.monotonic() + 3_600)
    monkeypatch.setattr("app.api.kept.time", later)
    with futures.ThreadPoolExecutor(1) as pool:
        os.kill(broker, signal.SIGSTOP)
        try:
            posted = pool.submit(gate.post, *frames(1, 2_001))
            time.sleep(1.5)
            assert not posted.done()
            monkeypatch.setattr("app.intake.intake.MAX_WAITING_BYTES", 0)
            answer = gate.post(*frames(1, 2_002))
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
            assert "broker is slow" in answer.json()["detail"]
        finally:
            os.kill(broker, signal.SIGCONT)
        assert posted.result().json()["accepted"] == 1
    assert [one.seq for one in gate.records() if getattr(one, "seq", 0) > 2_000] == [2_001]
