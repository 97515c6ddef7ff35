"""Puts a worker together from settings."""

import contextlib
import gc
import os
import threading
from collections.abc import Mapping
from functools import partial
from typing import Final

import structlog

from app.champion import Champions, Shelf
from app.flow.message import Incoming
from app.flow.partition import Engines
from app.flow.persist import Persistence
from app.flow.pipeline import Pipeline, Ports
from app.flow.settle import Settlement
from app.settings import Settings
from app.watchdog import Watchdog
from app.worker import GROUP, STEP, Guard, Pace, Worker
from contracts.topics import TELEMETRY
from features.profile import Profile
from infra.connections import KafkaConnection
from infra.faust_app import create_app, raw_topic
from infra.kafka import ensure_topics, partition_count, partition_of
from infra.late_producer import LateProducer
from infra.log_reader import LogReader
from infra.metrics import WorkerMetrics
from infra.offsets import committed_offsets
from infra.risk_publisher import RiskPublisher
from infra.run_files import publish, withdraw
from infra.snapshots import FolderSnapshots
from infra.store import ClickHouseStore

STORE_PATIENCE_S: Final = 2.0
"""Short, so that a stop isn't kept waiting: the worker itself repeats for ever."""
_BUFFERED: Final = 512
"""Messages that wait in Faust, beside those in the inbox."""
_AHEAD: Final = 1
"""Batches that are settled while the next one is computed."""
_GC_THRESHOLDS: Final = (50_000, 50, 100)

_log = structlog.get_logger(__name__)


async def run_worker(
    settings: Settings,
    registry: Shelf,
    profiles: Mapping[str, Profile],
    once_idle_s: float = 0.0,
) -> None:
    """Run one worker until it is told to stop. Raises WorkerError, UnavailableError."""
    kafka = settings.broker()
    ensure_topics(kafka)
    metrics, stop = WorkerMetrics(), threading.Event()
    watchdog = Watchdog(settings.worker.stalled_after_s)
    with contextlib.ExitStack() as closing:
        ports = _ports(settings, kafka, metrics, persistence(stop, watchdog, metrics), closing)
        pipeline = Pipeline(Engines(profiles), ports, ahead=_AHEAD)
        champions, shadows = Champions(registry, profiles), Champions(registry, profiles, "shadow")

        def renew() -> None:
            pipeline.offer(champions.refresh(), shadows.refresh())

        renew()
        pace = Pace.of(settings.worker, once_idle_s)
        app = create_app(kafka, GROUP, settings.home / "faust", _BUFFERED)
        topic = raw_topic(app, kafka.topic(TELEMETRY))
        guard = Guard(metrics, watchdog, stop.set, renew)
        worker = Worker(app, topic, pipeline, guard, pace)
        serve_metrics(settings, metrics, settings.worker.metrics_port, closing)
        tame_gc()
        await worker.run()


def persistence(stop: threading.Event, watchdog: Watchdog, metrics: WorkerMetrics) -> Persistence:
    """Repeats calls until `stop`; each try counts as life, each outage is counted."""
    return Persistence(
        stop, partial(watchdog.beat, STEP), lambda what: metrics.outages.labels(what).inc()
    )


def _ports(
    settings: Settings,
    kafka: KafkaConnection,
    metrics: WorkerMetrics,
    persistence: Persistence,
    closing: contextlib.ExitStack,
) -> Ports:
    publisher, refuser = RiskPublisher(kafka), LateProducer(kafka)
    log = TopicLog(LogReader(kafka, kafka.topic(TELEMETRY)))
    for part in (publisher, refuser, log):
        closing.callback(part.close)
    store = ClickHouseStore(settings.store(), STORE_PATIENCE_S)
    return Ports(
        kafka.topic(TELEMETRY),
        partial(partition_of, partitions=partition_count(kafka, TELEMETRY)),
        log,
        FolderSnapshots(settings.snapshots_url),
        Settlement(store, publisher, refuser.refuse, persistence),
        persistence,
        metrics,
        lambda number: committed_offsets(kafka, GROUP, TELEMETRY).get(number, -1),
    )


def serve_metrics(
    settings: Settings, metrics: WorkerMetrics, wanted: int, closing: contextlib.ExitStack
) -> None:
    """Serve a process's figures until `closing`, and publish where; port 0 takes a free one."""
    port, stop = metrics.serve(wanted)
    closing.callback(stop)
    name = f"metrics-{os.getpid()}"
    publish(settings.home, name, os.getpid(), f"127.0.0.1:{port}")
    closing.callback(withdraw, settings.home, name)
    _log.info("metrics are served", url=f"http://127.0.0.1:{port}/metrics")


class TopicLog:
    """The log of a topic as a pipeline reads it."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self.start, self.end, self.close = reader.start, reader.end, reader.close

    def read(self, partition: int, start: int, until: int) -> tuple[list[Incoming], int]:
        """Messages of a span, and the offset up to which there are no more."""
        found, position = self._reader.read(partition, start, until)
        return [Incoming(partition, *message) for message in found], position


def tame_gc() -> None:
    """Collect once, then leave alone what lives as long as the process: decoding a message makes
    many objects, and each collection would look through all of the loaded libraries.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
