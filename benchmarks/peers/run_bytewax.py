"""The job in Bytewax: `python run_bytewax.py BROKERS TOPIC FRAMES`."""

import os
import sys

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.connectors.stdio import StdOutSink
from bytewax.dataflow import Dataflow
from bytewax.testing import run_main
from job import Meter, Minutes, Model, decode, summarise

brokers, topic, expected = sys.argv[1], sys.argv[2], int(sys.argv[3])
meter = Meter(expected)
minutes = Minutes(Model(100))


def add(state, item):
    start, values = item
    state, score = minutes.add(state, start, summarise(values))
    if meter.count(1, score is not None):
        os._exit(0)
    return state, score


flow = Dataflow("minutes")
messages = op.input("in", flow, KafkaSource([brokers], [topic], tail=False))
frames = op.flat_map("decode", messages, lambda m: decode(m.value))
keyed = op.map("key", frames, lambda f: (f[0], (f[1], f[2])))
scores = op.stateful_map("minute", keyed, add)
shown = op.filter("none", scores, lambda _: False)
op.output("out", op.map("text", shown, str), StdOutSink())
run_main(flow)
