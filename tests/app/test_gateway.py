"""The gateway: whatever crashes when, every sample arrives, in frames that are the same again."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from typing import NamedTuple

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.flow import ration
from app.gateway.assembly import source_of
from app.gateway.gateway import GROUP, Gateway
from app.gateway.plan import Note, Plan, done_note, first_number, read_note, write_note
from app.gateway.span import Limits
from contracts.codec import decode_message
from contracts.dead_letters import DeadLetter
from contracts.errors import UnavailableError
from contracts.records import Frame
from features.profile import builtin_profile
from infra.dead_letters import read_letters
from infra.kafka import partition_of
from infra.kafka_clients import open_admin, open_producer
from infra.metrics import WorkerMetrics
from infra.offsets import committed_notes, topic_offsets
from infra.run_files import all_running
from infra.store import ClickHouseStore
from ingest.samples.mapping import TopicMapping
from tests.app.test_up import environment
from tests.infra.test_kafka import read_all
from tests.ingest.samples.test_samples import cells

T = 1_767_323_045_000
TOPIC = "theirs"
TRUCK = builtin_profile("truck-diesel")
SIGNALS = [one.column for one in TRUCK.signals[:3]]
SPEED = TRUCK.signals[0].spec.id


class Message(NamedTuple):
    offset: int
    value: bytes
    partition: int
    timestamp: int = T


class CrashedError(Exception):
    """The process is no more."""


def message(partition, offset):
    """A sample that no other message holds, or every seventh time one that is refused."""
    vehicle = f"V{partition}-{offset % 3}"
    value = {"vehicle_id": vehicle, "ts": T + offset * 700, "signal": "speed", "value": offset / 8}
    payload = json.dumps(value).encode() if offset % 7 else b"poison"
    return Message(offset, payload, partition)


class World:
    """A log, what was committed of it, and what came out, as they outlive each process."""

    def __init__(self, lengths):
        self.log = {(TOPIC, p): [message(p, o) for o in range(n)] for p, n in enumerate(lengths)}
        self.committed = {}
        self.frames, self.letters = [], []
        self.accounts = {}
        self.now_ms = T


class Process:
    """One life: the log's reader and the way out, which end it at the chosen call."""

    def __init__(self, world, calls, chance, owned=None):
        self.world, self.calls, self.chance = world, calls, chance
        self.steady = asyncio.Lock()
        self.owned = owned if owned is not None else set(world.log)
        start = {place: world.committed.get(place, (0, ""))[0] for place in world.log}
        self.position = start

    def step(self):
        self.calls -= 1
        if self.calls < 0:
            raise CrashedError

    async def poll(self, _wait_s, _most):
        self.step()
        found = {}
        for place in self.owned:
            at = self.position[place]
            some = self.world.log[place][at : at + self.chance.randint(1, 9)]
            if some:
                found[place] = some
                self.position[place] = some[-1].offset + 1
        return found

    async def notes(self):
        self.step()
        return dict(self.world.committed)

    async def commit(self, offsets):
        self.step()
        if not set(offsets) <= self.owned:
            return False
        self.world.committed |= offsets
        self.step()
        return True

    async def frames(self, frames):
        for frame in frames:
            self.step()
            self.world.frames.append(frame)

    async def letters(self, letters, accounts):
        self.step()
        self.world.letters += letters
        self.step()
        for one in accounts:
            # As the store does: the highest count of a minute replaces the others.
            key = one.partition, one.minute_ms
            known = self.world.accounts.get(key, one)
            self.world.accounts[key] = max(known, one, key=lambda each: each.count)


SOURCES = {TOPIC: source_of(TopicMapping(TOPIC, TRUCK.name), {TRUCK.name: TRUCK}, "default")}


def live(world, process, **limits):
    """Run a gateway until it has read all or crashed; whether it lived."""
    gateway = Gateway(
        process,
        process,
        SOURCES,
        WorkerMetrics("gateway"),
        Limits(**{"every_s": 1e9, "samples": 6, **limits}),
        lambda: world.now_ms,
    )
    try:
        asyncio.run(gateway.run(once_idle_s=0.001))
    except CrashedError:
        return False
    return True


def check(world):
    """Every sound sample is in exactly one frame, every poison among the letters."""
    distinct = {}
    for frame in world.frames:
        same = distinct.setdefault((frame.vehicle_id, frame.seq), frame)
        assert same == frame, "a number means one frame for ever"
    sent = [m for messages in world.log.values() for m in messages]
    expected = {
        (f"V{m.partition}-{m.offset % 3}", T + m.offset * 700, SPEED): m.offset / 8
        for m in sent
        if m.offset % 7
    }
    assert cells(distinct.values()) == expected
    refused = {(letter.partition, letter.offset) for letter in world.letters}
    assert refused == {(m.partition, m.offset) for m in sent if m.offset % 7 == 0}


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 40), st.integers(-5_000, 5_000)), max_size=8),
    st.integers(0, 2**32),
)
def test_crashes_anywhere_lose_and_double_nothing(lengths, crashes, seed):
    world, chance = World(lengths), random.Random(seed)
    for calls, clock in crashes:
        live(world, Process(world, calls, chance))
        world.now_ms += clock
    assert live(world, Process(world, 10**9, chance))
    check(world)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 200), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 60), st.integers(-5_000, 50_000)), max_size=8),
    st.integers(0, 2**32),
)
def test_a_storm_of_poison_is_bounded_and_counted_whoever_crashes(lengths, crashes, seed):
    world, chance = World(lengths), random.Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ration, "LETTERS", 2)
        minutes = {world.now_ms // 60_000}
        for calls, clock in crashes:
            live(world, Process(world, calls, chance))
            world.now_ms += clock
            minutes.add(world.now_ms // 60_000)
        assert live(world, Process(world, 10**9, chance))
    sent = {(letter.partition, letter.offset) for letter in world.letters}
    held = {
        (place[1], one.offset)
        for place, messages in world.log.items()
        for one in messages
        if one.offset % 7 == 0
    } - sent
    # Frames count on from the clock and may reach one minute more.
    assert len(sent) <= 2 * (len(minutes) + 1) * len(lengths)
    accounts = world.accounts.values()
    assert sum(one.count for one in accounts) == len(held)
    told = {
        (one.partition, offset) for one in accounts for span in one.spans for offset in range(*span)
    }
    assert held <= told


def test_a_note_with_the_longest_account_fits_into_a_commit():
    letters = [
        DeadLetter("undecodable", "", "t" * 249, 7, 10**15 + 2 * at, T, b"") for at in range(1_000)
    ]
    spent = ration.share(letters, ration.Spent(), T)[2]
    text = write_note(done_note(T, spent))
    assert len(text) < 4_096
    assert read_note(text).spent.withheld.count == 400
    assert len(read_note(text).spent.withheld.spans) == 32


def test_frames_of_a_vehicle_never_count_back_even_if_the_clock_does():
    world, chance = World([60]), random.Random(1)
    live(world, Process(world, 25, chance))
    world.now_ms -= 3_600_000
    assert live(world, Process(world, 10**9, chance))
    check(world)
    first = {}
    for frame in world.frames:
        first.setdefault((frame.vehicle_id, frame.seq), len(first))
    for vehicle in {vehicle for vehicle, _ in first}:
        own = [
            seq
            for (name, seq), _ in sorted(first.items(), key=lambda one: one[1])
            if name == vehicle
        ]
        assert own == sorted(own)


def test_who_takes_over_packs_the_very_span_that_was_under_way():
    """Two members, one of which is cut off after its plan and sends late: nothing differs."""
    world, chance = World([40, 40]), random.Random(2)
    stale = Process(world, 10**9, chance)
    sent = []

    async def held(frames):
        # Everything it owned went to another member, which is done by now.
        if not sent:
            stale.owned = set()
            assert await asyncio.to_thread(live, world, Process(world, 10**9, random.Random(3)))
        sent.extend(frames)
        world.frames += frames

    stale.frames = held
    live(world, stale)
    assert sent
    check(world)


def test_a_broker_that_is_away_is_waited_for(monkeypatch):
    monkeypatch.setattr("app.gateway.gateway._FIRST_S", 0.001)
    world = World([30])
    process = Process(world, 10**9, random.Random(4))
    failing = iter([True, False, True, True, False] * 20)
    for name in ("poll", "notes", "commit", "frames", "letters"):
        proper = getattr(process, name)

        async def wrapped(*given_, proper=proper):
            if next(failing):
                raise UnavailableError("away")
            return await proper(*given_)

        monkeypatch.setattr(process, name, wrapped)
    assert live(world, process)
    check(world)


@pytest.mark.parametrize("text", ["", "x", "[]", '{"next": "a"}', "\x00", "é"])
def test_a_note_of_others_is_none(text):
    assert read_note(text) == Note()


def test_notes_come_back():
    note = Note(7, Plan(100, 5))
    assert read_note(write_note(note)) == note
    assert first_number(note, 5) == 7
    assert first_number(note, 9) == 9


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
