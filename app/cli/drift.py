"""`telltale drift`: whether the fleet has moved away from what its champion was trained on."""

import time
from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer

from app.assembly import load_profiles
from app.cli.evaluate.options import Report, bars, command_line, write_report
from app.cli.options import Json, ProfileDir
from app.cli.output import print_json, print_table, when
from app.cli.train import profile_of
from app.drift import Subject, look, tell
from app.settings import Settings, load_settings
from contracts.errors import DataError
from features.profile import Profile
from infra.reads.drift import stored_drift, write_drift
from infra.store import ClickHouseStore
from models.drift import Measure, drifted
from models.drift_words import named, told
from models.registry import Registry
from models.reports.drift import drift_report

_SHOWN = 15


class Drifted(msgspec.Struct, frozen=True):
    """What was measured of a champion: `drifted` in its newest week, in words in `texts`; `told`
    says which target took the news.
    """

    model: str
    since_ms: int
    weeks: int
    drifted: list[Measure]
    texts: list[str]
    told: dict[str, bool]
    measures: list[Measure]


def drift(
    profile: Annotated[str, typer.Option(help="Whose champion to look at.")],
    *,
    weeks: Annotated[int, typer.Option(min=1, max=520, help="The newest so many weeks.")] = 12,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Tell nobody, even where a target is set.")
    ] = False,
    report: Report = None,
    profile_dir: ProfileDir = None,
    as_json: Json = False,
) -> None:
    """Hold features, scores, calibration and missing signals against the champion's training.

    What has drifted is stored for the lab, and what is new of it goes to standard error and to the
    notifier's `lab` targets.
    """
    settings = load_settings()
    chosen = profile_of(load_profiles(profile_dir), profile)
    subject = _subject(settings, chosen)
    store = ClickHouseStore(settings.store())
    with bars(quiet=as_json) as progress:
        measures = look(store, subject, weeks, progress)
    found = drifted(measures)
    fresh = _fresh(store, subject, found)
    write_drift(store.clickhouse, subject.use, measures, time.time_ns() // 1_000_000)
    for one in fresh:
        typer.echo(f"{subject.bundle.id}: {told(chosen, one)}", err=True)
    sent = {} if quiet else tell(settings, subject, fresh)
    done = Drifted(
        subject.bundle.id,
        subject.record.until_ms,
        len({one.week_ms for one in measures}),
        found,
        [told(chosen, one) for one in found],
        {name: one.answered for name, one in sent.items()},
        measures,
    )
    if report:
        page = drift_report(done.model, chosen, measures, command_line())
        write_report(report, f"drift-{profile}", page)
    if as_json:
        print_json(done)
    else:
        _show(chosen, done)


def _subject(settings: Settings, profile: Profile) -> Subject:
    registry = Registry(settings.models_dir)
    champion = registry.champion(profile.name)
    if champion is None:
        raise DataError(f"profile {profile.name} has no champion; train one with `telltale train`")
    bundle, _ = registry.load(champion)
    return Subject(profile, bundle, registry.manifest(champion).record, settings.tenant)


def _fresh(store: ClickHouseStore, subject: Subject, found: Sequence[Measure]) -> list[Measure]:
    """What was not known to have drifted in that week."""
    stored = stored_drift(store.clickhouse, subject.tenant, subject.profile.name, 2)
    known = {
        (one.measure.week_ms, one.measure.kind, one.measure.subject)
        for one in stored
        if one.model == subject.bundle.id and one.measure.drifted
    }
    return [one for one in found if (one.week_ms, one.kind, one.subject) not in known]


def _show(profile: Profile, done: Drifted) -> None:
    newest = max(one.week_ms for one in done.measures)
    shown = [one for one in done.measures if one.week_ms == newest]
    shown.sort(key=lambda one: (one.drifted, one.reach), reverse=True)
    print_table(
        f"{done.model}: {done.weeks} weeks since {when(done.since_ms)}; the week of "
        f"{when(newest)[:10]}",
        ("what", "kind", "value", "usual", ""),
        [
            (
                named(profile, one),
                one.kind,
                one.value,
                f"{one.low:.2f} to {one.high:.2f}",
                "DRIFT" if one.drifted else "",
            )
            for one in shown[:_SHOWN]
        ],
    )
    kinds = sorted({one.kind for one in done.drifted})
    if done.drifted:
        typer.echo(f"{len(done.drifted)} figures have drifted ({', '.join(kinds)}).")
    else:
        typer.echo("Nothing has drifted.")
    for name, answered in done.told.items():
        typer.echo(f"{name} was told." if answered else f"{name} could NOT be told.")
