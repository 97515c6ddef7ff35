"""What withdrawing units before their end comes to, by predicted life or by a fixed interval."""

from dataclasses import dataclass

import numpy as np

from contracts.batches import Floats, Ints
from features.profile import Costs


@dataclass(frozen=True)
class Withdrawn:
    """`leads`: life that withdrawn units had left; `used`: life used, of all units together."""

    threshold: float
    engines: int
    broken: int
    used: float
    leads: tuple[float, ...]

    def cost_per_1000_cycles(self, costs: Costs) -> float:
        """Breakdowns and planned repairs, per 1,000 cycles of use."""
        planned = self.engines - self.broken
        total = self.broken * costs.breakdown + planned * costs.planned_repair
        return 1_000 * total / self.used if self.used else 0.0


def withdraw(predicted: Floats, life_left: Floats, vehicle: Ints, threshold: float) -> Withdrawn:
    """Units go when their predicted life first falls to the threshold; rows [n] by vehicle, then
    time, each unit's last close to its end.
    """
    used, leads, broken = 0.0, [], 0
    starts = np.flatnonzero(np.diff(vehicle, prepend=-1))
    for first, last in zip(starts, [*starts[1:], len(vehicle)], strict=True):
        low = np.flatnonzero(predicted[first:last] <= threshold)
        whole = float(life_left[first])
        if low.size:
            left = float(life_left[first + low[0]])
            leads.append(left)
            used += whole - left
        else:
            broken += 1
            used += whole
    return Withdrawn(threshold, len(starts), broken, used, tuple(leads))


def end_of_life(life_left: Floats, vehicle: Ints) -> Withdrawn:
    """Nothing is done: every unit breaks."""
    return withdraw(np.full(len(life_left), np.inf, np.float32), life_left, vehicle, 0.0)


def fixed_interval(life_left: Floats, vehicle: Ints, costs: Costs) -> Withdrawn:
    """All units go after the same use, the one that costs least on these very units (a rule that
    knows more than a workshop would).
    """
    starts = np.flatnonzero(np.diff(vehicle, prepend=-1))
    lives = life_left[starts]
    found = [_at_age(lives, float(age)) for age in np.unique(np.maximum(lives - 1, 1))]
    return min(found, key=lambda one: one.cost_per_1000_cycles(costs))


def _at_age(lives: Floats, age: float) -> Withdrawn:
    broken = int((lives <= age).sum())
    leads = tuple((lives[lives > age] - age).tolist())
    return Withdrawn(age, len(lives), broken, float(np.minimum(lives, age).sum()), leads)
