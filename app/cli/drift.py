"""`telltale drift`: whether the fleet has moved away from what its champion was trained on."""

import time
from typing import Annotated

import msgspec
import typer

from app.cli.bars import bars
from app.cli.evaluate.options import Report, command_line, write_report
from app.cli.options import Json, ProfileDir
from app.cli.output import print_json, print_table, when
from app.drift import WEEKS, Look, see, subject_of
from app.profiles import load_profiles, profile_of
from app.settings import load_settings
from features.profile import Profile
from infra.store import ClickHouseStore
from models.drift import Measure
from models.drift_words import named, told
from models.reports.drift import drift_report

_SHOWN = 15


class Drifted(msgspec.Struct, frozen=True):
    """What was measured of a champion: `drifted` in its newest week, in words in `texts`; `told`
    names the targets whose messages of it are in the notifier's outbox.
    """

    model: str
    since_ms: int
    weeks: int
    drifted: list[Measure]
    texts: list[str]
    told: list[str]
    measures: list[Measure]


def drift(
    profile: Annotated[str, typer.Option(help="Whose champion to look at.")],
    *,
    weeks: Annotated[int, typer.Option(min=1, max=520, help="The newest so many weeks.")] = WEEKS,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Tell nobody, even where a target is set.")
    ] = False,
    report: Report = None,
    profile_dir: ProfileDir = None,
    as_json: Json = False,
) -> None:
    """Hold features, scores, calibration and missing signals against the champion's training.

    What has drifted is stored for the lab, and what is new of it goes to standard error and by the
    notifier to its `lab` targets. `telltale up` looks by itself once a day.
    """
    settings = load_settings()
    chosen = profile_of(load_profiles(settings, profile_dir), profile)
    subject = subject_of(settings, chosen)
    store = ClickHouseStore(settings.store())
    with bars(quiet=as_json) as progress:
        now_ms = time.time_ns() // 1_000_000
        found = see(settings, store, subject, Look(now_ms, weeks, quiet), progress)
    for one in found.news:
        typer.echo(f"{subject.bundle.id}: {told(chosen, one)}", err=True)
    done = Drifted(
        subject.bundle.id,
        subject.record.until_ms,
        len({one.week_ms for one in found.measures}),
        found.drifted,
        [told(chosen, one) for one in found.drifted],
        found.told,
        found.measures,
    )
    if report:
        page = drift_report(done.model, chosen, done.measures, command_line())
        write_report(report, f"drift-{profile}", page)
    if as_json:
        print_json(done)
    else:
        _show(chosen, done)


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
    for name in done.told:
        typer.echo(f"{name} is told by the notifier.")
