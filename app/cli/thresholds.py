"""`telltale thresholds`: what alert lines cost, by costs, by capacity, or as they are."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

import msgspec
import typer

from app.cli.decisions import promote_model
from app.cli.options import Json, ProfileDir
from app.cli.output import print_json, print_table
from app.profiles import load_profiles, profile_of
from app.settings import load_settings
from contracts.errors import DataError
from features.profile import Profile
from infra.store import ClickHouseStore
from models.alarms import Tally
from models.registry import Registry
from models.thresholds import (
    Lines,
    capacity_lines,
    cheapest_lines,
    lines_as_drawn,
    money_a_year,
    no_lines,
    quiet_lines,
)


class Policy(msgspec.Struct, frozen=True):
    """What a way of drawing lines would come to for the whole fleet; money a year."""

    name: str
    lines: dict[str, float]
    alerts_a_week: float
    false_alarms_a_week: float
    caught_share: float
    cost_a_year: float
    saved_a_year: float


class Thresholds(msgspec.Struct, frozen=True):
    """The policies side by side, for the champion of a profile and a fleet of so many vehicles."""

    model: str
    vehicles: int
    currency: str
    policies: list[Policy]
    champion: str = ""


def thresholds(
    profile: Annotated[str, typer.Option(help="Whose alert lines.")],
    *,
    capacity: Annotated[
        float, typer.Option(min=0, help="Vehicles that the workshop can take a week; 0: any.")
    ] = 0.0,
    vehicles: Annotated[int, typer.Option(min=0, help="Size of the fleet; 0: as stored.")] = 0,
    use: Annotated[str, typer.Option(help="Make a champion with the lines of this policy.")] = "",
    profile_dir: ProfileDir = None,
    as_json: Json = False,
) -> None:
    """Show what the champion's lines, lines by cost, and lines by capacity would come to."""
    settings = load_settings()
    registry = Registry(settings.models_dir)
    chosen = profile_of(load_profiles(settings, profile_dir), profile)
    champion = registry.champion(profile)
    if champion is None:
        raise DataError(f"profile {profile} has no champion; train one with `telltale train`")
    tried = registry.manifest(champion).record.tried
    if not tried:
        raise DataError(f"model {champion} has too few failures behind it to try any line")
    size = vehicles or len(ClickHouseStore(settings.store()).vehicles(settings.tenant, profile))
    drawn = policies(chosen, registry.load(champion)[0].lines, tried, capacity, max(1, size))
    found = Thresholds(
        champion,
        max(1, size),
        chosen.currency,
        [_policy(chosen, name, lines, tried, max(1, size)) for name, lines in drawn.items()],
    )
    if use:
        found = msgspec.structs.replace(found, champion=_adopt(registry, champion, drawn, use))
    if as_json:
        print_json(found)
        return
    _show(found)


def policies(
    profile: Profile,
    present: Mapping[str, float],
    tried: Mapping[str, list[Tally]],
    capacity: float,
    vehicles: int,
) -> dict[str, Lines]:
    """Ways to draw lines, by name."""
    found = {
        "nothing": no_lines(profile, tried),
        "champion": lines_as_drawn(profile, tried, present),
        "quiet": quiet_lines(profile, tried),
        "costs": cheapest_lines(profile, tried),
    }
    if capacity:
        found["capacity"] = capacity_lines(profile, tried, 100 * capacity / vehicles)
    return found


def _policy(
    profile: Profile,
    name: str,
    drawn: Lines,
    tried: Mapping[str, list[Tally]],
    vehicles: int,
) -> Policy:
    costs = {mode.name: mode.costs for mode in profile.modes}

    def a_year(tallies: Mapping[str, Tally]) -> float:
        spent = sum(money_a_year(costs[mode], tally) for mode, tally in tallies.items())
        return spent * vehicles / 100

    idle = a_year(no_lines(profile, tried).tallies)
    spent = a_year(drawn.tallies)
    return Policy(
        name,
        drawn.lines,
        drawn.alert_rate * vehicles / 100,
        drawn.false_rate * vehicles / 100,
        drawn.caught_share,
        spent,
        idle - spent,
    )


def _adopt(registry: Registry, champion: str, drawn: Mapping[str, Lines], name: str) -> str:
    """A champion that is the same but for its lines."""
    if name not in drawn or name == "nothing":
        known = ", ".join(one for one in drawn if one != "nothing")
        raise DataError(f"no policy {name!r} to use; there are {known}")
    bundle, _ = registry.load(champion)
    record = registry.manifest(champion).record
    lines = {mode: drawn[name].lines[mode] for mode in bundle.modes}
    made = registry.save(replace(bundle, lines=lines), record)
    promote_model(registry, made, "champion", f"lines by {name}")
    return made


def _show(found: Thresholds) -> None:
    print_table(
        f"{found.model}, {found.vehicles} vehicles, {found.currency} a year",
        ("policy", "alerts a week", "false a week", "caught in time", "cost", "saved"),
        [
            (
                one.name,
                one.alerts_a_week,
                one.false_alarms_a_week,
                f"{one.caught_share:.0%}",
                round(one.cost_a_year),
                round(one.saved_a_year),
            )
            for one in found.policies
        ],
    )
    print_table(
        "Lines: 30-day risk at which an alert opens",
        ("mode", *(one.name for one in found.policies if one.name != "nothing")),
        [
            (mode, *(one.lines[mode] for one in found.policies if one.name != "nothing"))
            for mode in found.policies[0].lines
        ],
    )
    if found.champion:
        typer.echo(f"{found.champion} is champion now")
