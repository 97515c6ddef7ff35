"""Puts a gateway together from settings and its file."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import structlog

from app.gateway.gateway import GROUP, Gateway, Place
from app.gateway.span import Limits, Source
from app.profiles import profile_of
from app.settings import Settings
from app.watchdog import STOP_S, Watchdog
from contracts.dead_letters import DeadLetter, Withheld
from contracts.errors import DataError, UnavailableError
from contracts.records import Frame
from features.profile import Profile
from infra.acked_producer import AckedProducer
from infra.connections import KafkaConnection
from infra.kafka import RecordProducer, ensure_topics
from infra.metrics import WorkerMetrics
from infra.run_files import publish, withdraw
from infra.sample_log import SampleLog
from infra.store import ClickHouseStore
from ingest.samples.decode import Decoder
from ingest.samples.frames import Whose
from ingest.samples.mapping import SignalName, TopicMapping, layout, parse_gateway

_PATIENCE_S = 2.0
_log = structlog.get_logger(__name__)


def read_sources(path: Path, profiles: Mapping[str, Profile], tenant: str) -> dict[str, Source]:
    """How each topic of a gateway's file is read. Raises DataError."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror})") from error
    topics = parse_gateway(text, str(path)).topics
    return {topic.name: source_of(topic, profiles, tenant) for topic in topics}


def source_of(topic: TopicMapping, profiles: Mapping[str, Profile], tenant: str) -> Source:
    """How one topic is read. Raises DataError."""
    profile = profile_of(profiles, topic.profile)
    names = topic.signals or [
        SignalName(name, signal.path)
        for signal in profile.signals
        for name in dict.fromkeys((signal.path, signal.column))
    ]
    columns = layout(names)
    whose = Whose(topic.tenant or tenant, profile.name)
    return Source(Decoder(topic, columns), columns, whose)


async def run_gateway(
    settings: Settings, sources: dict[str, Source], limits: Limits, once_idle_s: float = 0.0
) -> None:
    """Run a gateway until SIGTERM or Ctrl-C. Raises UnavailableError when it can't start."""
    kafka = settings.broker()
    ensure_topics(kafka)
    metrics = WorkerMetrics("gateway")
    out = KafkaOut(settings, kafka)
    lost: list[Gateway] = []

    def on_lost(places: Collection[Place]) -> None:
        for gateway in lost:
            gateway.lose(places)

    log = SampleLog(kafka, GROUP, sources, on_lost)
    gateway = Gateway(log, out, sources, metrics, limits)
    lost.append(gateway)
    watchdog = Watchdog(settings.worker.stalled_after_s)
    watchdog.start()

    def stop() -> None:
        watchdog.end_within(STOP_S)
        gateway.stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    with contextlib.ExitStack() as closing:
        closing.callback(out.close)
        _serve_metrics(settings, metrics, closing)
        await log.start()
        try:
            await gateway.run(once_idle_s)
        finally:
            await log.stop()


class KafkaOut:
    """Frames to `telemetry`, refused messages to `dead-letters` and their rows to the store, where
    the accounts of what was withheld are as well.
    """

    def __init__(self, settings: Settings, kafka: KafkaConnection) -> None:
        self._settings, self._kafka = settings, kafka
        self._producer = AckedProducer(kafka)
        self._refuser: RecordProducer | None = None

    async def frames(self, frames: Sequence[Frame]) -> None:
        """Send and wait. Raises UnavailableError."""
        await asyncio.wrap_future(self._producer.send(frames))

    async def letters(self, letters: Sequence[DeadLetter], accounts: Sequence[Withheld]) -> None:
        """Send and wait; accounts go to the store. Raises UnavailableError."""
        await asyncio.to_thread(self._refuse, letters)
        if accounts:
            await asyncio.to_thread(self._account, accounts)

    def close(self) -> None:
        """Let go of the producers."""
        self._producer.close()
        if self._refuser is not None:
            self._refuser.close()

    def _refuse(self, letters: Sequence[DeadLetter]) -> None:
        if self._refuser is None:
            self._refuser = RecordProducer(self._kafka, self._note)
        for letter in letters:
            self._refuser.refuse(letter)
        self._refuser.flush()

    def _account(self, accounts: Sequence[Withheld]) -> None:
        for one in accounts:
            told = {"topic": one.topic, "partition": one.partition, "reasons": one.reasons}
            _log.error("dead letters are withheld, there are too many", **told, spans=one.spans)
        try:
            ClickHouseStore(self._settings.store(), _PATIENCE_S).write_withheld(accounts)
        except UnavailableError as error:
            # The line above has them; samples don't wait for the store.
            _log.warning("withheld dead letters not stored", reason=str(error))

    def _note(self, letters: Sequence[DeadLetter]) -> None:
        try:
            ClickHouseStore(self._settings.store(), _PATIENCE_S).write_dead_letters(letters)
        except UnavailableError as error:
            # The letters are safe in Kafka; only their count in the store is late.
            _log.warning("rows of dead letters not stored", reason=str(error))


def _serve_metrics(
    settings: Settings, metrics: WorkerMetrics, closing: contextlib.ExitStack
) -> None:
    port, stop = metrics.serve(0)
    closing.callback(stop)
    name = f"gateway-{os.getpid()}"
    publish(settings.home, name, os.getpid(), f"127.0.0.1:{port}")
    closing.callback(withdraw, settings.home, name)
