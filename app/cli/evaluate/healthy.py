"""`telltale evaluate healthy`: what a car without a fault would have been alerted for."""

from functools import partial
from typing import Final

import msgspec
import typer

from alerts.policies import Policies
from app.backtest.log import Stretch, score_history
from app.backtest.run import alerts_of
from app.cli.evaluate.fleet import START_MS
from app.cli.evaluate.options import Data, Json, bars
from app.cli.output import print_json
from app.settings import load_settings
from contracts.errors import DataError
from contracts.records import FRAME_SPAN_MS
from contracts.topics import PARTITIONS
from features.profile import Profile, builtin_profile
from infra.kafka import partition_of
from ingest.adapters.carobd import read
from ingest.adapters.reading import ReadOptions
from models.bundle import Bundle
from models.evaluation.fleet import Plan, learn
from models.evaluation.history import read_history
from models.registry import Registry
from models.table import Progress

PROFILE: Final = "car-combustion"
_VEHICLES: Final = 180
_DAYS: Final = 400
_SEEDS: Final = (31, 32)


class HealthyFigures(msgspec.Struct, frozen=True):
    """`hours` by the log's own rows, one a second. Risks are the highest of any row."""

    model: str
    trained: str
    frames: int
    rows_scored: int
    hours: float
    alerts: int
    alerts_per_1000_h: float
    highest_risk_30: dict[str, float]
    lines: dict[str, float]


def healthy(data: Data, *, as_json: Json = False) -> None:
    """Replay a healthy car's drives through engine, champion and alert pipeline, as live.

    Without a champion of car-combustion one is learnt from a simulated fleet first.
    """
    profile = builtin_profile(PROFILE)
    with bars(quiet=as_json) as progress:
        bundle, trained = _champion(profile, progress)
        found = _judge(data, profile, bundle, trained, progress)
    if as_json:
        print_json(found)
        return
    typer.echo(
        f"{found.alerts} alerts in {found.hours:.1f} h of {found.rows_scored} scores: "
        f"{found.alerts_per_1000_h:.1f} per 1,000 h, by {found.model} ({found.trained})"
    )


def _champion(profile: Profile, progress: Progress) -> tuple[Bundle, str]:
    registry = Registry(load_settings().models_dir)
    champion = registry.champion(profile.name)
    if champion:
        return registry.load(champion)[0], "the registry's champion"
    plan = Plan(profile, _VEHICLES, _VEHICLES, _DAYS, _SEEDS, START_MS)
    return learn(plan, progress)[0], f"learnt from {_VEHICLES} simulated cars, {_DAYS} days"


def _judge(
    data: Data, profile: Profile, bundle: Bundle, trained: str, progress: Progress
) -> HealthyFigures:
    """Raises DataError when nothing in the folder could be read."""
    done = read_history(profile, read(data, ReadOptions()))
    history = done.history
    since, until = history.span("default", profile.name)
    stretch = Stretch("default", since, until)
    scored = score_history(history, profile, (bundle, bundle.expectation), stretch, progress)
    if not len(scored.time_ms):
        raise DataError(f"{data.name}: no row of it was due for a score")
    policies = Policies(lambda _profile, _model: bundle.lines, {profile.name: profile})
    place = partial(partition_of, partitions=PARTITIONS)
    raised = alerts_of(scored, policies, place, PARTITIONS).raised
    hours = scored.frames * FRAME_SPAN_MS / 3_600_000
    highest = scored.risk[:, :, 1].max(axis=0).tolist()
    return HealthyFigures(
        bundle.id,
        trained,
        scored.frames,
        len(scored.time_ms),
        hours,
        len(raised),
        1_000 * len(raised) / hours,
        dict(zip(bundle.modes, highest, strict=True)),
        dict(bundle.lines),
    )
