"""`telltale evaluate machines`: components that fail within a day, on machines not learnt from."""

import re
from typing import Annotated

import typer

from app.cli.bars import bars
from app.cli.evaluate.options import Data, Report, command_line, write_report
from app.cli.options import Json
from app.cli.output import print_json, print_table
from contracts.errors import SettingsError
from features.profile import builtin_profile
from ingest.adapters.machines import PROFILE, read, vehicle
from ingest.adapters.reading import ReadOptions
from models.evaluation.history import read_history
from models.evaluation.machines import MachineFigures, evaluate

_SPAN = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")


def machines(
    data: Data,
    *,
    train: Annotated[str, typer.Option(help="Machines to learn from: 1-8 or 1-5,7.")] = "1-8",
    test: Annotated[str, typer.Option(help="Machines to judge on.")] = "9-12",
    as_json: Json = False,
    report: Report = None,
) -> None:
    """Learn failures of some machines' components; judge on other machines, once."""
    known, judged = numbers("--train", train), numbers("--test", test)
    profile = builtin_profile(PROFILE)
    with bars(quiet=as_json) as progress:
        history = read_history(profile, read(data, ReadOptions())).history
        done = evaluate(
            profile,
            history,
            [vehicle(one) for one in known],
            [vehicle(one) for one in judged],
            progress,
        )
    if report:
        from models.reports.machines import machine_report  # noqa: PLC0415 (matplotlib, only when drawn)

        write_report(report, "machines", machine_report(profile, done, command_line()))
    if as_json:
        print_json(as_object(done.figures))
    else:
        _show(done.figures)


def numbers(option: str, text: str) -> list[int]:
    """`"1-3,7"` -> `[1, 2, 3, 7]`. Raises SettingsError."""
    found: set[int] = set()
    for part in text.split(","):
        match = _SPAN.fullmatch(part.strip())
        first = int(match[1]) if match else 1
        last = int(match[2] or first) if match else 0
        if not first <= last < first + 100_000:
            raise SettingsError(f"{option} {text!r}: write machine numbers like 1-8 or 1-5,7")
        found.update(range(first, last + 1))
    return sorted(found)


def as_object(found: MachineFigures) -> dict[str, object]:
    """Figures with a key for each component."""
    return {
        "train": found.train,
        "test": found.test,
        "any": found.any,
        **found.components,
        "cv": found.cv,
        "rounds": found.rounds,
    }


def _show(found: MachineFigures) -> None:
    rows = {"any": found.any, **found.components}
    tested = ", ".join(sorted(found.test, key=lambda name: (len(name), name)))
    print_table(
        f"Failures within a day on {tested}",
        ("component", "failures", "AUC", "average precision", "expected/observed"),
        [
            (name, one.events, one.auc, one.average_precision, one.expected_over_observed)
            for name, one in rows.items()
        ],
    )
    left_out = found.cv["any"]
    typer.echo(
        f"On training machines left out: AUC {left_out.auc:.3f}, average precision "
        f"{left_out.average_precision:.3f}, "
        f"expected/observed {left_out.expected_over_observed:.2f}."
    )
