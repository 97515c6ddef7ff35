"""The job in Quix Streams: `python run_quix.py BROKERS TOPIC FRAMES`."""

import os
import sys
import uuid

from job import Meter, Minutes, Model, decode, summarise
from quixstreams import Application, State

brokers, topic, expected = sys.argv[1], sys.argv[2], int(sys.argv[3])
meter = Meter(expected)
minutes = Minutes(Model(100))
app = Application(
    broker_address=brokers,
    consumer_group=f"quix-{uuid.uuid4().hex[:8]}",
    auto_offset_reset="earliest",
    state_dir=f".quix-{uuid.uuid4().hex[:8]}",
    use_changelog_topics=False,
    loglevel="ERROR",
)


def add(message: bytes, state: State) -> int:
    """A message holds frames of several vehicles of its partition: state by vehicle."""
    scores = 0
    frames = decode(message)
    for vehicle, start, values in frames:
        before = state.get(vehicle)
        after, score = minutes.add(before and tuple(before), start, summarise(values))
        state.set(vehicle, after)
        scores += score is not None
    if meter.count(len(frames), scores):
        os._exit(0)
    return scores


stream = app.dataframe(app.topic(topic, value_deserializer="bytes"))
# Partition-wide state: every message of a partition gets one key.
stream = stream.apply(add, stateful=True)
app.run()
