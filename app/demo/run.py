"""The demo from start to report."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console
from rich.progress import Progress

from alerts.scorecard import Failure
from app.alerter import GROUP as ALERTER_GROUP
from app.champion import Champions
from app.cli.bars import bars
from app.cli.train import run as train
from app.demo.live import Clock, Sent, drain, send
from app.demo.memory import PeakMemory
from app.demo.plan import Plan
from app.demo.report import Cards, Observed, Truth, score_all
from app.demo.stage import Stage
from app.demo.watch import AlertWatch
from app.profiles import load_profiles
from app.settings import Settings
from app.state import rebuild
from contracts.alerts import Alert
from contracts.records import VehicleEvent
from contracts.topics import RISK, TELEMETRY, WORKER_GROUP
from features.profile import builtin_profile
from infra.kafka import RecordProducer
from infra.offsets import group_lag
from infra.run_files import all_running
from infra.store import ClickHouseStore
from ingest.simulator.fleet import Fleet
from models.registry import Registry
from models.training import Options

_DRAIN_LIMIT_S: Final = 180.0
_READERS: Final = ((WORKER_GROUP, TELEMETRY), (ALERTER_GROUP, RISK))


@dataclass
class Demo:
    """One run; `began` is the monotonic time at which the person asked for it."""

    settings: Settings
    plan: Plan
    stage: Stage
    console: Console
    began: float
    events: list[VehicleEvent] = field(default_factory=list)
    sent: Sent = field(default_factory=Sent)

    def run(
        self, seconds: float, tell: Callable[[Alert], None], *, retrain: bool
    ) -> tuple[Cards, Observed]:
        """Everything up to the end of the stream, which Ctrl-C ends early."""
        with closing(PeakMemory(self._processes)) as memory:
            fleet, store = Fleet(self.plan.spec), ClickHouseStore(self.settings.store())
            self._write_history(fleet, store)
            self._train(retrain=retrain)
            self.stage.start_stream()
            truth = _truth(fleet)
            watch = AlertWatch(store.clickhouse, self.plan, truth, tell)
            with closing(watch):
                took = self._stream(fleet, seconds)
        first = watch.first_true_at
        observed = Observed(
            until_ms=min(self.plan.now_ms, self.sent.reached_ms + 1),
            frames=self.sent.frames,
            risk_rows=_risk_rows(store, self.plan.live_ms),
            events=[*self.events, *self.sent.events],
            raised=watch.raised,
            seconds_to_first_true_alert=first - self.began if first else None,
            stream_seconds=took,
            peak_mb=memory.peak_mb,
            peak_sum_mb=memory.peak_sum_mb,
        )
        profiles = [builtin_profile(name) for name in self.plan.vehicles]
        return score_all(self.plan, profiles, truth, observed), observed

    def _write_history(self, fleet: Fleet, store: ClickHouseStore) -> None:
        frames = 0
        with self._progress() as progress:
            task = progress.add_task("The fleet's history", total=fleet.groups)
            for summaries, events in fleet.history(self.plan.live_ms):
                store.write_summaries(summaries)
                store.write_events(events)
                self.events += events
                frames += len(summaries)
                progress.advance(task)
        self.console.print(
            f"{self.plan.fleet_size} vehicles, {self.plan.history_days} days of history: "
            f"{frames:,} frames and {len(self.events):,} events in the store"
        )

    def _train(self, *, retrain: bool) -> None:
        """A champion for every profile, and the workers' memory of the history, made with it."""
        registry, profiles = Registry(self.settings.models_dir), load_profiles(self.settings)
        for name in self.plan.vehicles:
            champion = registry.champion(name)
            if champion and not retrain:
                self.console.print(f"{name}: {champion}, trained by an earlier demo")
                continue
            with bars(quiet=not self.console.is_terminal) as told:
                options = Options(self.plan.tenant)
                done = train(self.settings, profiles[name], options, told, keep_expectation=False)
            now_ms = time.time_ns() // 1_000_000
            registry.promote(done.model, "champion", "telltale demo", "newly trained", now_ms)
            failures = sum(mode.failures for mode in done.record.modes)
            self.console.print(
                f"{name}: {done.model} learnt from {failures} failures of "
                f"{done.record.vehicles} vehicles in {done.record.seconds:.0f} s"
            )
        champions = Champions(registry, profiles).refresh()
        expectations = {name: champion.expectation for name, champion in champions.items()}
        rebuilt = rebuild(self.settings, profiles, expectations)
        self.console.print(f"The workers remember {rebuilt.vehicles} vehicles")

    def _stream(self, fleet: Fleet, seconds: float) -> float:
        """Send the live stretch, wait until it is worked off; how long that took."""
        plan, began = self.plan, time.monotonic()
        kafka = self.settings.broker()
        self.sent.reached_ms = plan.live_ms
        try:
            with self._progress() as progress, RecordProducer(kafka) as producer:
                total = plan.now_ms - plan.live_ms
                task = progress.add_task(f"The last {plan.live_days} days", total=total)

                def look() -> None:
                    self.stage.look()
                    progress.update(task, completed=self.sent.reached_ms - plan.live_ms)

                records = fleet.live(plan.live_ms, plan.now_ms)
                send(records, producer, Clock(plan.live_ms, plan.now_ms, seconds), self.sent, look)
        except KeyboardInterrupt:
            self.console.print("Stopped early; the report covers what was streamed.")
        is_drained = drain(lambda: _lags(self.settings), _DRAIN_LIMIT_S)
        if not is_drained:
            self.console.print(f"Not all was worked off within {_DRAIN_LIMIT_S:.0f} s.")
        return time.monotonic() - began

    def _progress(self) -> Progress:
        return Progress(console=self.console, transient=True)

    def _processes(self) -> Iterator[tuple[str, int]]:
        yield "demo", os.getpid()
        for entry in all_running(self.settings.home):
            if not entry.name.startswith("metrics"):
                yield entry.name, entry.pid


def _lags(settings: Settings) -> dict[str, int]:
    """How far its readers are behind the stream; one that has not begun yet has all before it."""
    kafka = settings.broker()
    return {group: group_lag(kafka, group, topic) for group, topic in _READERS}


def _truth(fleet: Fleet) -> Truth:
    return Truth(
        [Failure(f.vehicle_id, f.mode, f.time_ms, f.predictable) for f in fleet.truth()],
        [(f.vehicle_id, f.mode, f.time_ms) for f in fleet.found()],
    )


def _risk_rows(store: ClickHouseStore, since_ms: int) -> int:
    rows = store.clickhouse.rows(
        "SELECT count() FROM risk FINAL WHERE toUnixTimestamp64Milli(time) >= %(since)s",
        since=since_ms,
    )
    return int(rows[0][0])
