"""Messages are handed on at once where there is room, and as Faust does it where there is none."""

import asyncio
from types import SimpleNamespace

import pytest
from faust.types import TP
from mode import Service

from infra.connections import KafkaConnection
from infra.faust_app import create_app
from infra.faust_consumer import Begun, QuickConsumer


class Alone(QuickConsumer):
    """Waits, without Kafka."""

    def __init__(self):
        Service.__init__(self)


async def add(log, *values, gate=None):
    for value in values:
        if gate:
            await gate.wait()
        log.append(value)
    return log


def tasks():
    return len(asyncio.all_tasks())


def test_what_needs_no_waiting_is_done_without_a_task():
    async def run():
        log, never = [], asyncio.Event()
        hand = add(log, "a", "b")
        seen = tasks()
        found = await Alone().wait_first(hand, never.wait())
        assert (log, found.stopped, tasks()) == (["a", "b"], False, seen)

    asyncio.run(run())


def test_what_has_to_wait_goes_on_when_it_may():
    async def run():
        log, gate, never = [], asyncio.Event(), asyncio.Event()
        asyncio.get_running_loop().call_later(0.01, gate.set)
        found = await Alone().wait_first(add(log, 1, 2, gate=gate), never.wait())
        assert log == [1, 2]
        assert [log] == [one for one in found.results if one is log]

    asyncio.run(run())


def test_a_rebalance_ends_what_still_waits_for_room():
    async def run():
        log, gate, rebalance = [], asyncio.Event(), asyncio.Event()
        asyncio.get_running_loop().call_later(0.01, rebalance.set)
        ended = asyncio.Event()

        async def hand_on():
            try:
                await add(log, 1, gate=gate)
            finally:
                ended.set()

        await Alone().wait_first(hand_on(), rebalance.wait())
        await asyncio.wait_for(ended.wait(), 5)
        gate.set()
        await asyncio.sleep(0)
        assert log == []

    asyncio.run(run())


@pytest.mark.parametrize("late", [False, True])
def test_what_goes_wrong_is_told(late):
    async def fail():
        if late:
            await asyncio.sleep(0.01)
        raise KeyError("partition")

    async def run():
        with pytest.raises(KeyError):
            await Alone().wait_first(fail(), asyncio.Event().wait())

    asyncio.run(run())


def test_a_begun_coroutine_can_be_cancelled_and_may_object():
    async def stubborn():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            return "stayed"

    async def run():
        async def rest():
            return await Begun(stubborn())

        waiting = asyncio.ensure_future(rest())
        await asyncio.sleep(0)
        waiting.cancel()
        assert await waiting == "stayed"

    asyncio.run(run())


def test_a_partition_whose_stream_is_nearly_full_is_asked_for_all_the_same():
    """Seen in a storm in one partition while the others were nearly silent: each fetch of it
    waited until another partition had something.
    """
    busy, silent = TP("telemetry", 0), TP("telemetry", 1)
    consumer = Alone()
    consumer.app = SimpleNamespace(in_recovery=False)
    consumer._active_partitions, consumer._buffered_partitions = {busy, silent}, set()
    consumer.on_buffer_full(busy)
    assert consumer._get_active_partitions() == {busy, silent}
    consumer.on_buffer_drop(busy)
    assert consumer._get_active_partitions() == {busy, silent}


def test_an_app_consumes_so(tmp_path):
    app = create_app(KafkaConnection(bootstrap_servers="127.0.0.1:1"), "worker", tmp_path, 10)
    assert app.transport.Consumer is QuickConsumer
