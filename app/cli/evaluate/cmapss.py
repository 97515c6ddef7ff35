"""`telltale evaluate cmapss`: remaining life of NASA's simulated turbofan engines."""

from enum import StrEnum
from typing import Annotated

import numpy as np
import typer

from app.cli.bars import bars
from app.cli.evaluate.options import Data, Report, command_line, write_report
from app.cli.options import Json
from app.cli.output import print_json, print_table
from features.profile import builtin_profile
from ingest.adapters.cmapss import PROFILE, read
from ingest.adapters.cmapss_lives import read_lives, subset_files
from ingest.adapters.reading import ReadOptions
from models.evaluation.cmapss import LifeFigures, evaluate
from models.evaluation.history import read_history
from models.rul import RulOptions


class Subset(StrEnum):
    """The four subsets: one or six operating regimes, one or two ways to fail."""

    FD001 = "FD001"
    FD002 = "FD002"
    FD003 = "FD003"
    FD004 = "FD004"


def cmapss(
    data: Data,
    *,
    subset: Annotated[Subset, typer.Option(help="Which subset of the data.")] = Subset.FD001,
    seeds: Annotated[int, typer.Option(min=1, max=20, help="Members, one a seed.")] = 3,
    as_json: Json = False,
    report: Report = None,
) -> None:
    """Learn from engines run to failure; judge on engines cut before, once."""
    profile = builtin_profile(PROFILE)
    runs, cut, lives = subset_files(data, subset)
    true_life = np.array(read_lives(lives), np.float32)
    options = RulOptions(seeds=tuple(range(1, seeds + 1)))
    with bars(quiet=as_json) as progress:
        train = read_history(profile, read(runs, ReadOptions())).history
        test = read_history(profile, read(cut, ReadOptions())).history
        done = evaluate(profile, subset, train, test, true_life, options, progress)
    if report:
        from models.reports.life import life_report  # noqa: PLC0415 (matplotlib, only when drawn)

        write_report(report, f"cmapss-{subset}", life_report(profile, done, command_line()))
    if as_json:
        print_json(done.figures)
    else:
        _show(done.figures)


def _show(found: LifeFigures) -> None:
    title = f"{found.subset}: {found.test_engines} engines, learnt from {found.train_engines}"
    rows = [
        ("error (RMSE), capped", found.rmse_capped),
        ("error (RMSE), raw", found.rmse_raw),
        ("PHM08 score, capped", found.score_capped),
        ("PHM08 score, raw", found.score_raw),
        ("share within the 80 % interval", found.coverage_80),
        ("mean width of the 80 % interval", found.width_80),
        ("share within the 90 % interval", found.coverage_90),
        ("mean width of the 90 % interval", found.width_90),
        ("error of single seeds, mean", found.rmse_capped_seed_mean),
        ("error on training engines left out", found.cv_rmse_capped),
    ]
    print_table(title, ("figure", "cycles or share"), rows)
