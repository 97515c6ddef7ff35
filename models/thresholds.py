"""The 30-day risk at which an alert of a mode opens.

Lines are chosen on what they would have come to on vehicles that the models had not seen: by
costs alone, by what the workshop can take, or by how many false alarms people will bear.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from contracts.batches import Floats
from features.profile import Costs, Profile
from models.alarms import Series, Tally

FALSE_ALARMS: Final = 1.0
"""False alarms a week per 100 vehicles that lines are drawn for, over all modes together."""
GRID: Final = (*(round(float(line), 4) for line in np.geomspace(0.02, 0.95, 32)), 1.0)
"""Lines that are tried; at the last one nothing alerts."""
UNTRIED: Final = 0.5
"""Line of a mode of which too little is known to try any."""
WEEKS_A_YEAR: Final = 365.25 / 7
_PRICES: Final = (0.0, *np.geomspace(0.02, 50.0, 40).tolist())

Curve = Sequence[Tally]
"""What each line of the grid would have come to."""


@dataclass(frozen=True)
class Lines:
    """`lines` by mode, and what they came to; modes without a curve have no tally."""

    lines: dict[str, float]
    tallies: dict[str, Tally]

    @property
    def false_rate(self) -> float:
        """False alarms a week per 100 vehicles, all modes together."""
        return sum(tally.false_rate for tally in self.tallies.values())

    @property
    def alert_rate(self) -> float:
        """Alerts a week per 100 vehicles, all modes together."""
        return sum(tally.alert_rate for tally in self.tallies.values())

    @property
    def caught_share(self) -> float:
        """Share of all failures, predictable or not, that were announced in time."""
        failures = sum(tally.failures for tally in self.tallies.values())
        caught = sum(tally.caught for tally in self.tallies.values())
        return caught / failures if failures else 0.0


def cost_line(costs: Costs) -> float:
    """The risk from which on one check is worth its money: it saves the breakdown less the planned
    repair when the part would have failed, and costs the check when not (Bayes decision).
    """
    saved = costs.breakdown - costs.planned_repair
    if saved <= 0:
        return 1.0
    return costs.unneeded_check / (saved + costs.unneeded_check)


def curves(series: Mapping[str, Series], risk: Mapping[str, Floats]) -> dict[str, list[Tally]]:
    """What every line of the grid would have come to, by mode."""
    return {mode: [one.tally(risk[mode], line) for line in GRID] for mode, one in series.items()}


def money(costs: Costs, tally: Tally) -> float:
    """What failures and checks came to: a failure that was announced is a planned repair."""
    missed = tally.failures - tally.caught
    return (
        missed * costs.breakdown
        + tally.caught * costs.planned_repair
        + tally.false_alarms * costs.unneeded_check
    )


def money_a_year(costs: Costs, tally: Tally) -> float:
    """The same a year for every 100 vehicles; 0 where no vehicle was watched."""
    return 100 * WEEKS_A_YEAR * money(costs, tally) / tally.weeks if tally.weeks else 0.0


def cheapest_lines(profile: Profile, found: Mapping[str, Curve]) -> Lines:
    """The least money, whatever the number of alerts."""
    costs = {mode.name: mode.costs for mode in profile.modes}
    return _choose(profile, found, lambda mode, tally: -money(costs[mode], tally), _nothing, 0.0)


def capacity_lines(profile: Profile, found: Mapping[str, Curve], alerts: float) -> Lines:
    """The least money with at most so many alerts a week per 100 vehicles."""
    costs = {mode.name: mode.costs for mode in profile.modes}
    scale = float(np.mean([one.breakdown for one in costs.values()]))
    return _choose(
        profile,
        found,
        lambda mode, tally: -money(costs[mode], tally) / scale,
        lambda tally: tally.alert_rate,
        alerts,
    )


def quiet_lines(
    profile: Profile, found: Mapping[str, Curve], false_alarms: float = FALSE_ALARMS
) -> Lines:
    """The most failures announced in time with so many false alarms a week per 100 vehicles.

    One line for all modes: lines of their own, each drawn on some fifty failures, did no better on
    fresh fleets (docs/decisions).
    """
    count = max((len(curve) for curve in found.values()), default=0)
    tried = [_at(profile, found, dict.fromkeys(found, place)) for place in range(count)]
    if not tried:
        return _at(profile, found, {})
    fitting = [one for one in tried if one.false_rate <= false_alarms]
    return max(fitting or tried[-1:], key=lambda one: one.caught_share)


def lines_as_drawn(
    profile: Profile, found: Mapping[str, Curve], lines: Mapping[str, float]
) -> Lines:
    """What these lines came to, each taken for the nearest that was tried."""
    places = {
        mode: int(np.argmin([abs(np.log(tally.line / lines[mode])) for tally in curve]))
        for mode, curve in found.items()
    }
    drawn = _at(profile, found, places)
    return Lines({**drawn.lines, **lines}, drawn.tallies)


def no_lines(profile: Profile, found: Mapping[str, Curve]) -> Lines:
    """What doing nothing comes to."""
    tallies = {
        mode: Tally(1.0, 0, 0, curve[0].failures, 0, curve[0].weeks)
        for mode, curve in found.items()
    }
    return Lines(dict.fromkeys((mode.name for mode in profile.modes), 1.0), tallies)


def _choose(
    profile: Profile,
    found: Mapping[str, Curve],
    gain: Callable[[str, Tally], float],
    use: Callable[[Tally], float],
    limit: float,
) -> Lines:
    """Per mode the line of most gain less the price of its use; the price is the lowest at which
    all modes together keep to the limit (Lagrange).
    """
    for price in _PRICES:
        places = {
            mode: int(np.argmax([gain(mode, t) - price * t.weeks / 100 * use(t) for t in curve]))
            for mode, curve in found.items()
        }
        lines = _at(profile, found, places)
        if sum(use(tally) for tally in lines.tallies.values()) <= limit:
            return lines
    return lines


def _at(profile: Profile, found: Mapping[str, Curve], places: Mapping[str, int]) -> Lines:
    tallies = {mode: found[mode][place] for mode, place in places.items()}
    lines = {
        mode.name: tallies[mode.name].line if mode.name in tallies else UNTRIED
        for mode in profile.modes
    }
    return Lines(lines, tallies)


def _nothing(_: Tally) -> float:
    return 0.0
