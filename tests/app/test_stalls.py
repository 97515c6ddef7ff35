"""What Kafka's consumer doesn't deliver is noticed, of partitions that nothing came of yet too."""

import asyncio
import time
from types import SimpleNamespace

import pytest
from aiokafka.errors import IllegalStateError
from faust.types import TP

from app.watchdog import Watchdog
from app.worker import Guard, Pace, Worker
from infra.metrics import WorkerMetrics

PLACE = TP("telemetry", 5)
LIMIT_S = 60.0


class Consumer:
    """Holds one partition whose log ends at 100; fetched up to `position`."""

    def __init__(self, position):
        self._position = position

    def assignment(self):
        return {PLACE}

    def highwater(self, _place):
        return 100

    async def position(self, _place):
        if self._position is None:
            raise IllegalStateError("not assigned")
        return self._position


def app_of(consumer):
    signal = SimpleNamespace(connect=lambda handler: handler)
    return SimpleNamespace(
        agent=lambda *_, **__: lambda function: function,
        on_partitions_revoked=signal,
        on_partitions_assigned=signal,
        consumer=consumer,
        crashed=False,
    )


class Rebalancing(Consumer):
    """Its partition goes elsewhere while it is looked at."""

    def __init__(self, error):
        super().__init__(40)
        self._error = error

    def highwater(self, _place):
        raise self._error


@pytest.mark.parametrize("seen", [{}, {PLACE.partition: 39}])
@pytest.mark.parametrize("error", [AssertionError("Partition is not assigned"), AttributeError()])
def test_a_partition_that_goes_elsewhere_meanwhile_ends_no_worker(error, seen):
    dog = Watchdog(LIMIT_S)
    worker = worker_of(Rebalancing(error), dog)
    worker._seen.update(seen)
    asyncio.run(worker._watch())
    dog.rest("the event loop")
    assert dog.check(time.monotonic() + 2 * LIMIT_S) == ""


def worker_of(consumer, dog):
    guard = Guard(WorkerMetrics(), dog, lambda: None)
    topic = SimpleNamespace(get_topic_name=lambda: "telemetry")
    return Worker(app_of(consumer), topic, None, guard, Pace(8, 0.1, 5.0))


@pytest.mark.parametrize(
    ("position", "reason"), [(40, "delivery of messages"), (100, ""), (None, "")]
)
def test_a_partition_that_nothing_comes_of_though_its_log_goes_on_is_a_stall(position, reason):
    dog = Watchdog(LIMIT_S)
    worker = worker_of(Consumer(position), dog)
    asyncio.run(worker._watch())
    dog.rest("the event loop")
    assert dog.check(time.monotonic() + 2 * LIMIT_S).startswith(reason)
    assert bool(dog.check(time.monotonic() + 2 * LIMIT_S)) == bool(reason)
