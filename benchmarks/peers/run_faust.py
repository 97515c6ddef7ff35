"""The job in plain Faust: `python run_faust.py BROKERS TOPIC FRAMES`."""

import os
import sys
import tempfile
import uuid

import faust
from job import Meter, Minutes, Model, decode, summarise

brokers, topic, expected = sys.argv[1], sys.argv[2], int(sys.argv[3])
meter = Meter(expected)
minutes = Minutes(Model(100))
app = faust.App(
    f"faust-{uuid.uuid4().hex[:8]}",
    broker=f"kafka://{brokers}",
    datadir=tempfile.mkdtemp(),
    web_enabled=False,
    topic_partitions=8,
)
source = app.topic(topic, value_serializer="raw", key_serializer="raw")
table = app.Table("minutes", partitions=8)


@app.agent(source)
async def work(messages):
    async for message in messages:
        frames, scores = decode(message), 0
        for vehicle, start, values in frames:
            before = table.get(vehicle)
            after, score = minutes.add(before and tuple(before), start, summarise(values))
            table[vehicle] = after
            scores += score is not None
        if meter.count(len(frames), scores):
            os._exit(0)


if __name__ == "__main__":
    sys.argv = [sys.argv[0], "worker", "-l", "error", "--without-web"]
    app.main()
