"""Puts an alerter together from settings."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final

from msgspec.structs import replace

from alerts.budget import Budget
from alerts.pipeline import Depots, Pipeline
from alerts.policies import Policies
from app.alerting.clock import Clock
from app.alerting.explain import Explain
from app.alerting.flow import AlertFlow, AlertPorts
from app.alerting.models import Models
from app.alerting.relay import GROUP as COMMANDS_GROUP
from app.alerting.relay import Relay
from app.assembly import (
    STORE_PATIENCE_S,
    TopicLog,
    persistence,
    serve_metrics,
    tame_gc,
)
from app.champion import Shelf
from app.flow.persist import Persistence
from app.settings import Settings
from app.watchdog import Watchdog
from app.worker import Guard, Pace, Worker
from contracts.alerts import Alert
from contracts.errors import UnavailableError
from contracts.notices import Notice
from contracts.topics import COMMANDS, RISK
from features.profile import Profile
from infra.alert_log import AlertLog
from infra.alert_publisher import AlertPublisher
from infra.clickhouse import ClickHouse
from infra.connections import KafkaConnection
from infra.faust_app import create_app, raw_topic
from infra.kafka import ensure_topics, partition_count, partition_of
from infra.late_producer import LateProducer
from infra.log_reader import LogReader
from infra.metrics import WorkerMetrics
from infra.reads.alerts import standing_alerts
from infra.reads.names import depots_of, plates_of
from infra.snapshots import FolderSnapshots
from infra.store import ClickHouseStore
from infra.topic_reader import TopicReader

GROUP: Final = "telltale-alerter"
_Vehicle = tuple[str, str]
"""Tenant and id."""
_BUFFERED: Final = 256
"""Messages that wait in Faust, beside those in the inbox."""


async def run_alerter(
    settings: Settings,
    registry: Shelf,
    profiles: Mapping[str, Profile],
    once_idle_s: float = 0.0,
) -> None:
    """Run one alerter until it is told to stop. Raises WorkerError, UnavailableError."""
    kafka = settings.broker()
    ensure_topics(kafka)
    metrics, stop = WorkerMetrics("alerter"), threading.Event()
    watchdog = Watchdog(settings.worker.stalled_after_s)
    with contextlib.ExitStack() as closing:
        models = Models(registry, profiles)
        budget = Budget(per_week=settings.alerts.per_week_per_100)
        policies = Policies(models.lines, profiles, budget=budget)
        lasting = persistence(stop, watchdog, metrics)
        ports = _ports(settings, kafka, models, (lasting, metrics), closing)
        flow = AlertFlow(Pipeline(policies), ports)
        ticks = AlertLog(kafka)
        closing.callback(ticks.close)
        clock = Clock(flow.tenants, ticks.tick, _wall_ms, policies.contact)
        app = create_app(kafka, GROUP, settings.home / "faust-alerter", _BUFFERED)
        guard = Guard(metrics, watchdog, stop.set, chore=_patient(clock.look))
        pace = Pace.of(settings.worker, once_idle_s)
        alerter = Worker(app, raw_topic(app, kafka.topic(RISK)), flow, guard, pace)
        serve_metrics(settings, metrics, settings.alerts.metrics_port, closing)
        _start_relay(settings, kafka, stop, closing)
        tame_gc()
        await alerter.run()


def _ports(
    settings: Settings,
    kafka: KafkaConnection,
    models: Models,
    beside: tuple[Persistence, WorkerMetrics],
    closing: contextlib.ExitStack,
) -> AlertPorts:
    log = TopicLog(LogReader(kafka, kafka.topic(RISK)))
    producer, publisher = LateProducer(kafka), AlertPublisher(kafka)
    for part in (log, producer, publisher):
        closing.callback(part.close)
    store = ClickHouseStore(settings.store(), STORE_PATIENCE_S)
    return AlertPorts(
        kafka.topic(RISK),
        log,
        FolderSnapshots(f"{settings.snapshots_url}/alerts"),
        store,
        Explain(store.clickhouse, models, models.profiles),
        _depots(store.clickhouse),
        producer.send,
        _named(store.clickhouse, publisher.publish),
        _standing(store.clickhouse, partition_count(kafka, RISK)),
        producer.refuse,
        *beside,
    )


def _start_relay(
    settings: Settings,
    kafka: KafkaConnection,
    stop: threading.Event,
    closing: contextlib.ExitStack,
) -> None:
    """Its own connections: it runs in a thread of its own."""
    log, refuser = AlertLog(kafka), LateProducer(kafka)
    store = ClickHouseStore(settings.store(), STORE_PATIENCE_S)
    reader = TopicReader(kafka, COMMANDS, COMMANDS_GROUP)
    relay = Relay(reader, log.ask, refuser.refuse, store.write_dead_letters, stop)
    for end in (log.close, refuser.close, relay.close, stop.set):
        closing.callback(end)
    relay.start()


def _depots(store: ClickHouse) -> Callable[[Iterable[_Vehicle]], Depots]:
    return lambda wanted: _look_up(wanted, partial(depots_of, store))


def _named(
    store: ClickHouse, tell: Callable[[Sequence[Notice]], None]
) -> Callable[[Sequence[Notice]], None]:
    """Tell with the plates of the vehicles."""

    def told(notices: Sequence[Notice]) -> None:
        vehicles = [(one.alert.tenant, one.alert.vehicle_id) for one in notices]
        plates = _look_up(vehicles, partial(plates_of, store))
        tell(
            [
                replace(one, plate=plates.get(vehicle, ""))
                for one, vehicle in zip(notices, vehicles, strict=True)
            ]
        )

    return told


def _look_up(
    wanted: Iterable[_Vehicle], look: Callable[[str, list[str]], dict[str, str]]
) -> dict[_Vehicle, str]:
    """What `look` knows of vehicles, one tenant at a time."""
    by_tenant: dict[str, list[str]] = {}
    for tenant, vehicle in wanted:
        by_tenant.setdefault(tenant, []).append(vehicle)
    return {
        (tenant, vehicle): value
        for tenant, vehicles in by_tenant.items()
        for vehicle, value in look(tenant, vehicles).items()
    }


def _standing(store: ClickHouse, partitions: int) -> Callable[[int], list[Alert]]:
    def find(number: int) -> list[Alert]:
        found = standing_alerts(store)
        return [one for one in found if partition_of(one.vehicle_id, partitions) == number]

    return find


def _patient(look: Callable[[], None]) -> Callable[[], None]:
    """A broker that is away for a moment must not end the alerter: the next look tells more."""

    def attempt() -> None:
        with contextlib.suppress(UnavailableError):
            look()

    return attempt


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
