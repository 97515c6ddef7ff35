"""Snapshots damaged in every way, and gone."""

import json
import random
import shutil
import struct
import subprocess
import sys
import time

from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata

from contracts.topics import PARTITIONS, TELEMETRY
from infra.kafka_clients import open_admin, open_consumer
from infra.offsets import committed_offsets
from tests.faults.crew import environment
from tests.faults.lane import Lane
from tests.faults.outcome import OUTAGE_LIMIT_S
from tests.faults.scenario import Scenario
from tests.faults.traffic import mixed, steady

_GROUP = "telltale-worker"


def _cut(files, chance):
    newest = files[-1]
    newest.write_bytes(newest.read_bytes()[: chance.randrange(1, newest.stat().st_size)])


def _flip(files, chance):
    newest = files[-1]
    content = bytearray(newest.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    newest.write_bytes(content)


def _missing(files, _chance):
    files[-1].unlink()


def _older_version(files, _chance):
    newest = files[-1]
    newest.write_bytes(newest.read_bytes()[:4] + struct.pack("<H", 0) + newest.read_bytes()[6:])


def _older_than_commit(files, _chance):
    for file in files[1:]:
        file.unlink()


def _all_gone(files, _chance):
    for file in files:
        file.unlink()


def _all_cut(files, _chance):
    for file in files:
        file.write_bytes(file.read_bytes()[:-1])


def _strangers(files, _chance):
    folder = files[-1].parent
    (folder / ".0123.tmp").write_bytes(b"half")
    (folder / "notes.snapshot").write_bytes(b"not ours")
    (folder / "empty").write_bytes(b"")


DAMAGES = (
    ("truncated", _cut),
    ("a bit flipped", _flip),
    ("missing", _missing),
    ("of an older version", _older_version),
    ("older than the commit", _older_than_commit),
    ("all gone", _all_gone),
    ("all of them truncated", _all_cut),
    ("strange files beside", _strangers),
    ("newer than the commit", None),
)


def damaged(ground, size):
    """Each partition's snapshots suffer another of the damages while the worker is down."""
    chance = random.Random(8)
    name = f"snapshots damaged in {len(DAMAGES)} ways"
    with Lane(ground, name, parcels=mixed(8)) as lane:
        lane.outcome.limit_s = OUTAGE_LIMIT_S
        lane.warm_up()
        for _ in range(size.times(4, least=1)):
            lane.wait_for_snapshots()
            lane.crew.stop()
            for place, (_, damage) in enumerate(DAMAGES):
                number = place % PARTITIONS
                lane.fault()
                if damage is None:
                    _commit(lane.settings, {number: 1})
                else:
                    damage(_files(lane, number), chance)
            lane.crew.resize(1)
            lane.recover(time.monotonic())
        return [lane.finish()]


def replayed(ground, size):
    """All snapshots are gone and the log is whole: the workers read it again."""
    del size
    with Lane(ground, "all snapshots gone, the log is whole", parcels=mixed(9)) as lane:
        lane.outcome.limit_s = OUTAGE_LIMIT_S
        lane.warm_up()
        lane.wait_for_snapshots()
        lane.crew.stop()
        lane.fault()
        shutil.rmtree(lane.settings.home / "snapshots")
        lane.crew.resize(1)
        lane.recover(time.monotonic())
        return [lane.finish()]


def rebuilt(ground, size):
    """All snapshots and the committed part of the log are gone: `telltale state rebuild`."""
    del size
    name = "all snapshots gone, `telltale state rebuild`"
    # In order of time, since history is read in that order: only then are sums the same to the bit.
    with Lane(ground, name, parcels=steady(60, 10, delay=0)) as lane:
        lane.outcome.limit_s = OUTAGE_LIMIT_S
        lane.warm_up()
        lane.wait_for_snapshots()
        lane.load.pause()
        lane.gauge.wait_until_level(30)
        lane.wait_until_committed()
        lane.crew.stop()
        lane.fault()
        shutil.rmtree(lane.settings.home / "snapshots")
        forget_committed(lane.settings)
        _expect_refusal(lane)
        done = subprocess.run(
            [sys.executable, "-m", "app.cli.main", "state", "rebuild", "--json"],
            env=environment(lane.settings),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"the rebuild failed: {done.stderr}")
        found = json.loads(done.stdout)
        lane.outcome.notes |= {name: found[name] for name in ("vehicles", "summaries")}
        lane.load.go_on()
        lane.crew.resize(1)
        lane.recover(time.monotonic())
        time.sleep(2.0)
        # Vehicles stand in another order in a rebuilt state; the rows after it are the proof.
        return [lane.finish(states=False)]


def _expect_refusal(lane):
    """A worker says why it can't begin, instead of beginning anew."""
    lane.load.go_on()
    lane.crew.resize(1)
    lane.wait_for("run `telltale state rebuild`")
    codes = lane.crew.dismiss()
    if codes != [1]:
        lane.outcome.complaints.append(f"a worker without its state ended with {codes}")
    lane.load.pause()


def forgetful(ground, size):
    """After each kill the log forgets everything that is committed: a commit that isn't covered by
    a snapshot would be lost now.
    """
    with Lane(ground, "the log forgets what is committed", parcels=mixed(11)) as lane:
        lane.warm_up()
        for _ in range(size.times(10, least=1)):
            time.sleep(2.0)
            at = lane.fault()
            lane.crew.kill()
            forget_committed(lane.settings)
            lane.recover(at)
        return [lane.finish()]


def forget_committed(settings):
    """Delete the log below the group's commit, as retention does."""
    kafka = settings.broker()
    committed = committed_offsets(kafka, _GROUP, TELEMETRY)
    places = {
        TopicPartition(kafka.topic(TELEMETRY), number): offset
        for number, offset in committed.items()
    }
    with open_admin(kafka) as admin:
        admin.delete_records(places)


def newest_files(settings):
    """The newest snapshot's file of each partition."""
    folders = (settings.home / "snapshots").iterdir()
    return [max(files) for folder in folders if (files := list(folder.glob("0*.snapshot")))]


def _commit(settings, offsets):
    kafka = settings.broker()
    consumer = open_consumer(kafka, group=kafka.group(_GROUP))
    try:
        places = {
            TopicPartition(kafka.topic(TELEMETRY), number): OffsetAndMetadata(offset, "", -1)
            for number, offset in offsets.items()
        }
        consumer.assign(list(places))
        consumer.commit(places)
    finally:
        consumer.close()


def _files(lane, number):
    folder = lane.settings.home / "snapshots" / f"{number:05d}"
    return sorted(folder.glob("0*.snapshot"))


SCENARIOS = (
    Scenario("snapshots", damaged),
    Scenario("snapshots-gone", replayed, short=False),
    Scenario("rebuild", rebuilt),
    Scenario("forgetful", forgetful),
)
