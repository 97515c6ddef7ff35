"""Accounts of withheld letters in the store, and their bytes back from the log."""

import msgspec
import pytest

from contracts.dead_letters import Withheld
from contracts.topics import TELEMETRY
from infra.dead_letters import replay_withheld
from infra.kafka_clients import open_producer
from infra.log_reader import LogReader
from infra.store import ClickHouseStore

pytestmark = pytest.mark.stack
MINUTE = 1_700_000_040_000


def account(count, spans):
    return Withheld("telemetry", 2, MINUTE, count, 7 * count, {"undecodable": count}, spans)


def test_the_fullest_account_of_a_minute_stays_whoever_writes_last(stack):
    store = ClickHouseStore(stack.fresh().store())
    newest = account(9, [(3, 8), (20, 24)])
    for one in (account(2, [(3, 5)]), newest, account(2, [(3, 5)])):
        store.write_withheld([one])
    assert store.withheld() == [newest]


def test_withheld_messages_go_back_from_the_log(stack):
    kafka = stack.fresh().broker()
    topic = kafka.topic(TELEMETRY)
    producer = open_producer(kafka)
    for number in range(10):
        producer.send(topic, b"%d" % number, partition=2)
    producer.flush()
    producer.close()
    done = replay_withheld(kafka, [account(4, [(1, 3), (7, 9)])])
    assert done == (4, 0)
    theirs = msgspec.structs.replace(account(4, [(1, 3), (7, 9)]), topic="vehicle-samples")
    assert replay_withheld(kafka, [theirs]) == (0, 4), "the same place of another topic is not it"
    reader = LogReader(kafka, topic)
    found, _ = reader.read(2, 10, 15)
    reader.close()
    assert [message.payload for message in found] == [b"1", b"2", b"7", b"8"]
