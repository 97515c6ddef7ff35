"""Bytes that nobody meant, by the million: nothing may come of them but the named refusals."""

import tempfile
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from app.flow.message import Incoming
from app.flow.partition import Engines, Partition
from contracts.codec import encode_message
from contracts.errors import DataError
from contracts.topics import PARTITIONS
from features.profile import builtin_profile, profile_names
from infra.kafka import partition_of
from tests.faults.outcome import Outcome
from tests.faults.scenario import Scenario
from tests.faults.traffic import START, mixed
from tests.ingest.adapters import logs

_MESSAGES, _LINES = 1_000_000, 200_000
_BATCH = 500
_SEEDS = 64
_HOME = partial(partition_of, partitions=PARTITIONS)


def messages(ground, size):
    """Messages with bytes changed, cut, doubled, put together anew; each is applied or refused."""
    del ground
    random, count = np.random.default_rng(31), size.times(_MESSAGES, least=5_000)
    outcome = Outcome("messages with random damage", events=count)
    seeds = [encode_message(one.records) for one in islice(mixed(31), _SEEDS) if one.records]
    partition = _fresh()
    for start in range(0, count, _BATCH):
        batch = [
            Incoming(0, start + place, START, _damaged(random, seeds)) for place in range(_BATCH)
        ]
        try:
            partition.apply(batch, "telemetry", _HOME)
        except Exception as error:  # noqa: BLE001 (that is what is looked for)
            outcome.complaints.append(f"{error!r} at {start}: {_culprit(batch)}")
            partition = _fresh()
    return [outcome]


def _fresh():
    engines = Engines({name: builtin_profile(name) for name in profile_names()})
    return Partition(0, 0, engines)


def _culprit(batch):
    """The first message that raises by itself."""
    for message in batch:
        try:
            _fresh().apply([message], "telemetry", _HOME)
        except Exception:  # noqa: BLE001 (as above)
            return message.payload.hex()[:2_000]
    return "none of its messages alone"


def _damaged(random, seeds):
    content = bytearray(seeds[random.integers(len(seeds))])
    for _ in range(random.integers(1, 5)):
        at = int(random.integers(len(content) + 1))
        length = int(random.integers(1, 24))
        kind = random.integers(5)
        if kind == 0:
            content[at : at + length] = random.bytes(length)
        elif kind == 1:
            del content[at : at + length]
        elif kind == 2:
            content[at:at] = content[at : at + length]
        elif kind == 3:
            other = seeds[random.integers(len(seeds))]
            content[at:] = other[int(random.integers(len(other))) :]
        else:
            content[at:] = b""
    return bytes(content)


def rows(ground, size):
    """Logs with random damage, through every adapter of rows; each file is read or refused."""
    del ground
    random, count = np.random.default_rng(37), size.times(_LINES, least=2_000)
    outcome = Outcome("logs with random damage")
    with tempfile.TemporaryDirectory() as folder:
        for name, (file, whole, read) in islice(cycle(logs.SAMPLES.items()), 1_000_000):
            if outcome.events >= count:
                break
            text = _damaged(random, [whole])
            outcome.events += text.count(b"\n") + 1
            try:
                logs.read(read, Path(folder), file, text)
            except DataError:
                continue
            except Exception as error:  # noqa: BLE001 (as above)
                outcome.complaints.append(f"{name}: {error!r} by {text!r}"[:2_000])
    return [outcome]


SCENARIOS = (Scenario("fuzz-messages", messages), Scenario("fuzz-rows", rows))
