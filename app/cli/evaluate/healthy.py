"""`telltale evaluate healthy`: what a car without a fault would have been alerted for."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final

import msgspec
import numpy as np
import typer

from alerts.policies import Policies
from app.backtest.log import Stretch, score_history
from app.backtest.run import alerts_of
from app.cli.bars import bars
from app.cli.evaluate.fleet import START_MS
from app.cli.evaluate.options import Data, Report, command_line, write_report
from app.cli.options import Json
from app.cli.output import print_json
from app.settings import load_settings
from contracts.batches import Floats, Ints, Summaries
from contracts.errors import DataError
from contracts.records import FRAME_SPAN_MS
from contracts.risk import MONTH
from features.profile import Profile, builtin_profile
from features.replay import replay
from infra.kafka import partition_of
from ingest.adapters.carobd import read
from ingest.adapters.reading import ReadOptions
from models.bundle import Bundle
from models.evaluation.fleet import Plan, learn
from models.evaluation.history import read_history
from models.evaluation.toy import shock_share
from models.record import TrainingRecord
from models.registry import Registry
from models.table import Progress

PROFILE: Final = "car-combustion"
_VEHICLES: Final = 180
_DAYS: Final = 400
_SEEDS: Final = (31, 32)


class HealthyFigures(msgspec.Struct, frozen=True):
    """`hours` by the log's own rows, one a second. Risks are the highest of any row; `raised`
    counts alerts by mode. `caught_share`: of the failures of vehicles left out in training, those
    announced three days ahead at the same lines; without it, silence would do. `shock_share` of
    all failures of the simulated fleet learnt from came without a sign, so that nobody can announce
    them; None for a model of the registry.
    """

    model: str
    trained: str
    frames: int
    rows_scored: int
    hours: float
    alerts: int
    alerts_per_1000_h: float
    raised: dict[str, int]
    caught_share: float
    shock_share: float | None
    highest_risk_30: dict[str, float]
    lines: dict[str, float]

    @property
    def shocks(self) -> str:
        """How many failures are shocks, in words; "" where it isn't known."""
        if self.shock_share is None:
            return ""
        return f"{self.shock_share:.0%} of all failures are shocks, which nothing announces"


@dataclass(frozen=True, eq=False)
class Healthy:
    """The figures, the model and its record; the car's drives and its rows: time [n] and risk
    [n x modes].
    """

    figures: HealthyFigures
    bundle: Bundle
    record: TrainingRecord
    summaries: Summaries
    time_ms: Ints
    risk: Floats

    @cached_property
    def hours(self) -> Floats:
        """Hours driven until each row [n]."""
        driven = np.searchsorted(np.sort(self.summaries.time_ms), self.time_ms, side="right")
        return (driven * FRAME_SPAN_MS / 3_600_000).astype(np.float32)

    @cached_property
    def values(self) -> Floats:
        """Features of the rows [n x features]."""
        profile = builtin_profile(PROFILE)
        rows = replay(profile, self.bundle.expectation, self.summaries, [])
        return np.concatenate([part.values for part in rows])


@dataclass(frozen=True, eq=False)
class _Model:
    """A model, its record, where it comes from, and the share of shocks there."""

    bundle: Bundle
    record: TrainingRecord
    trained: str
    shock_share: float | None = None


def healthy(data: Data, *, as_json: Json = False, report: Report = None) -> None:
    """Replay a healthy car's drives through engine, champion and alert pipeline, as live.

    Without a champion of car-combustion one is learnt from a simulated fleet first.
    """
    profile = builtin_profile(PROFILE)
    with bars(quiet=as_json) as progress:
        model = _champion(profile, progress)
        done = _judge(data, profile, model, progress)
    found = done.figures
    if report:
        from app.cli.evaluate.healthy_report import (  # noqa: PLC0415 (matplotlib, only when drawn)
            healthy_report,
        )

        write_report(report, "healthy", healthy_report(profile, done, command_line()))
    if as_json:
        print_json(found)
        return
    shocks = f"; {found.shocks}" if found.shocks else ""
    typer.echo(
        f"{found.alerts} alerts in {found.hours:.1f} h of {found.rows_scored} scores: "
        f"{found.alerts_per_1000_h:.1f} per 1,000 h, by {found.model} ({found.trained}); its lines "
        f"catch {found.caught_share:.0%} of the failures of vehicles left out{shocks}"
    )


def _champion(profile: Profile, progress: Progress) -> _Model:
    registry = Registry(load_settings().models_dir)
    champion = registry.champion(profile.name)
    if champion:
        record = registry.manifest(champion).record
        return _Model(registry.load(champion)[0], record, "the registry's champion")
    plan = Plan(profile, _VEHICLES, _VEHICLES, _DAYS, _SEEDS, START_MS)
    bundle, record, _ = learn(plan, progress)
    shocks = shock_share(plan.fleet(fresh=False).truth())
    return _Model(bundle, record, f"learnt from {_VEHICLES} simulated cars, {_DAYS} days", shocks)


def _judge(data: Data, profile: Profile, model: _Model, progress: Progress) -> Healthy:
    """Raises DataError when nothing in the folder could be read."""
    bundle = model.bundle
    done = read_history(profile, read(data, ReadOptions()))
    history = done.history
    since, until = history.span("default", profile.name)
    stretch = Stretch("default", since, until)
    scored = score_history(history, profile, (bundle, bundle.expectation), stretch, progress)
    if not len(scored.time_ms):
        raise DataError(f"{data.name}: no row of it was due for a score")
    policies = Policies(lambda _profile, _model: bundle.lines, {profile.name: profile})
    count = load_settings().kafka.partitions
    place = partial(partition_of, partitions=count)
    raised = alerts_of(scored, policies, place, count).raised
    hours = scored.hours
    risk = np.asarray(scored.risk[:, :, MONTH])
    figures = HealthyFigures(
        bundle.id,
        model.trained,
        scored.frames,
        len(scored.time_ms),
        hours,
        len(raised),
        1_000 * len(raised) / hours,
        dict(Counter(one.mode for one in raised)),
        model.record.figures["caught_3d_share"],
        model.shock_share,
        dict(zip(bundle.modes, risk.max(axis=0).tolist(), strict=True)),
        dict(bundle.lines),
    )
    summaries = history.summaries("default", profile.name, scored.vehicles, since, until)
    return Healthy(figures, bundle, model.record, summaries, scored.time_ms, risk)
