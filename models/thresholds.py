"""The 30-day risk at which an alert of a mode opens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from contracts.batches import Floats
from features.profile import Costs, Profile
from models.alarms import Series, Tally

FALSE_ALARMS: Final = 1.0
"""False alarms a week per 100 vehicles that lines are drawn for, over all modes together."""
LEAST_LINE: Final = 0.02
GRID: Final = np.geomspace(LEAST_LINE, 0.95, 40)


@dataclass(frozen=True)
class Lines:
    """`lines` by mode, and what they came to on vehicles that the models had not seen."""

    lines: dict[str, float]
    tallies: dict[str, Tally]

    @property
    def false_rate(self) -> float:
        """False alarms a week per 100 vehicles, all modes together."""
        return sum(tally.false_rate for tally in self.tallies.values())

    @property
    def caught_share(self) -> float:
        """Share of all failures, predictable or not, that were announced in time."""
        failures = sum(tally.failures for tally in self.tallies.values())
        caught = sum(tally.caught for tally in self.tallies.values())
        return caught / failures if failures else 0.0


def cost_line(costs: Costs) -> float:
    """The risk from which on a check is worth its money: it saves the breakdown less the planned
    repair when the part would have failed, and costs the check when not.
    """
    saved = costs.breakdown - costs.planned_repair
    if saved <= 0:
        return 1.0
    return costs.unneeded_check / (saved + costs.unneeded_check)


def draw_lines(
    profile: Profile,
    series: Mapping[str, Series],
    risk: Mapping[str, Floats],
    false_alarms: float = FALSE_ALARMS,
) -> Lines:
    """One line for all modes, as low as the budget of false alarms allows, but nowhere below
    what the costs ask. Modes without a series keep their cost line.
    """
    costs = {mode.name: max(cost_line(mode.costs), LEAST_LINE) for mode in profile.modes}
    for line in GRID:
        found = _lines(costs, series, risk, float(line))
        if found.false_rate <= false_alarms:
            return found
    return _lines(costs, series, risk, float(GRID[-1]))


def _lines(
    costs: Mapping[str, float],
    series: Mapping[str, Series],
    risk: Mapping[str, Floats],
    line: float,
) -> Lines:
    lines = {mode: max(cost, line) for mode, cost in costs.items()}
    tallies = {mode: one.tally(risk[mode], lines[mode]) for mode, one in series.items()}
    return Lines(lines, tallies)


def all_lines(modes: Sequence[str], line: float) -> dict[str, float]:
    """The same line for every mode."""
    return dict.fromkeys(modes, line)
