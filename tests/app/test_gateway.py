"""The gateway: whatever crashes when, every sample arrives, in frames that are the same again."""

import asyncio
import json
import random
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.flow import ration
from app.gateway.assembly import source_of
from app.gateway.gateway import Gateway
from app.gateway.plan import Note, Plan, done_note, first_number, read_note, write_note
from app.gateway.span import Limits
from contracts.dead_letters import DeadLetter
from contracts.errors import UnavailableError
from features.profile import builtin_profile
from infra.metrics import WorkerMetrics
from ingest.samples.mapping import TopicMapping
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
