"""`telltale evaluate fleet`: models of a simulated fleet, judged on a fresh one by the oracle."""

from typing import Annotated, Final

import typer

from app.cli.bars import bars
from app.cli.evaluate.options import Report, command_line, write_report
from app.cli.options import Json
from app.cli.output import print_json, print_table
from contracts.errors import DataError
from features.profile import builtin_profile
from ingest.simulator.fleet import KINDS
from models.evaluation.figures import FleetFigures
from models.evaluation.fleet import Plan, evaluate
from models.evaluation.not_a_toy import checks
from models.evaluation.ranges import PROMISED
from models.evaluation.tenths import HONEST, LEAST_EVENTS

START_MS: Final = 1_690_070_400_000
"""2023-07-23, for both fleets always, so that the same command gives the same figures."""


def fleet(  # noqa: PLR0913 (a command has this many options)
    profile: Annotated[str, typer.Option(help="Whose failures.")] = "car-combustion",
    *,
    vehicles: Annotated[int, typer.Option(min=20, help="Vehicles to learn from.")] = 540,
    fresh: Annotated[int, typer.Option(min=20, help="Fresh vehicles to judge on.")] = 540,
    days: Annotated[int, typer.Option(min=200, help="Days of both fleets.")] = 400,
    seed: Annotated[int, typer.Option(min=0, help="Of the fleet to learn from.")] = 31,
    fresh_seed: Annotated[int, typer.Option(min=0, help="Of the fresh fleet.")] = 32,
    toy_checks: Annotated[
        bool, typer.Option(help="Also ask whether the simulated fleet is a toy.")
    ] = True,
    as_json: Json = False,
    report: Report = None,
) -> None:
    """Learn from one simulated fleet, judge on another; the oracle knows all that is hidden."""
    if profile not in KINDS:
        raise DataError(f"the simulator knows no profile {profile!r}; it has {', '.join(KINDS)}")
    if seed == fresh_seed:
        raise DataError(f"--seed and --fresh-seed are both {seed}: the fleets would be the same")
    plan = Plan(builtin_profile(profile), vehicles, fresh, days, (seed, fresh_seed), START_MS)
    with bars(quiet=as_json) as progress:
        done = evaluate(plan, progress, toy_checks=toy_checks)
    if report:
        from models.reports.fleet import fleet_report  # noqa: PLC0415 (matplotlib, only when drawn)

        page = fleet_report(plan.profile, done, command_line())
        write_report(report, f"fleet-{profile}", page)
    if as_json:
        print_json(done.figures)
    else:
        _show(done.figures)


def _show(found: FleetFigures) -> None:
    print_table(
        f"{found.profile}: 30 days ahead on {found.fresh_vehicles} fresh vehicles",
        (
            "mode",
            "failures",
            "AUC",
            "oracle",
            "AP",
            "oracle",
            "best feature",
            "codes",
            "age",
            "E/O",
        ),
        [
            (
                mode,
                one.events,
                one.auc,
                one.oracle_auc,
                one.average_precision,
                one.oracle_average_precision,
                one.best_single_feature_ap,
                one.fault_code_rule_ap,
                one.age_rule_ap,
                one.expected_over_observed,
            )
            for mode, one in found.modes.items()
        ],
    )
    _show_tenths(found)
    _show_ranges(found)
    _show_toy(found)


def _show_tenths(found: FleetFigures) -> None:
    print_table(
        f"Calibration by tenth of risk, where {LEAST_EVENTS} failures or more came: "
        f"{found.tenths_honest} of {found.tenths_judged} within {HONEST[0]} to {HONEST[1]}; "
        f"by the oracle's risk of the same rows {found.tenths_honest_oracle}",
        ("mode", "tenth", "failures", "E/O", "oracle's E/O", ""),
        [
            (
                mode,
                one.place,
                one.events,
                one.expected_over_observed,
                one.oracle_over_observed,
                "" if one.honest else "OFF",
            )
            for mode, figures in found.modes.items()
            for one in figures.tenths
        ],
    )


def _show_ranges(found: FleetFigures) -> None:
    print_table(
        f"90 % ranges of risk on fresh vehicles, {PROMISED:.0%} promised",
        ("days", "cases", "hold the oracle's risk", "hold what came", "width"),
        [
            (days, one.cases, f"{one.coverage:.0%}", f"{one.coverage_came:.0%}", one.width)
            for days, one in found.ranges.items()
        ],
    )


def _show_toy(found: FleetFigures) -> None:
    if found.toy is None:
        return
    print_table(
        "Not a toy: what is asked of a simulated fleet, 30 days ahead",
        ("check", "found", "asked", "modes", ""),
        [
            (one.name, one.found, one.asked, one.by_mode, "" if one.holds else "MISSED")
            for one in checks(found, found.toy)
        ],
    )
