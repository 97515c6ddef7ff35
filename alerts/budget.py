"""How many alerts a fleet's people are asked to act on."""

from dataclasses import dataclass

import msgspec

WEEK_MS = 7 * 86_400_000


class Spent(msgspec.Struct):
    """Alerts raised lately: `level` drains by the week's allowance."""

    level: float = 0.0
    at_ms: int = 0


@dataclass(frozen=True)
class Budget:
    """At most `per_week` raised alerts a week per 100 vehicles, in the long run; 0: no limit.

    Nothing for quiet weeks is lost: `carry_weeks` of them may be spent at once, and never fewer
    than `least`, so that a small fleet is heard. Counted over the vehicles of one partition.
    Critical alerts are always raised, and count.
    """

    per_week: float = 5.0
    carry_weeks: float = 4.0
    least: float = 2.0

    def has_room(self, spent: Spent, vehicles: int, now_ms: int) -> bool:
        """Whether one more may be raised."""
        if not self.per_week:
            return True
        self._drain(spent, vehicles, now_ms)
        most = max(self.least, self.carry_weeks * self.per_week * vehicles / 100)
        return spent.level + 1 <= most

    def spend(self, spent: Spent, vehicles: int, now_ms: int) -> None:
        """One was raised."""
        self._drain(spent, vehicles, now_ms)
        spent.level += 1

    def _drain(self, spent: Spent, vehicles: int, now_ms: int) -> None:
        weeks = max(0, now_ms - spent.at_ms) / WEEK_MS
        spent.level = max(0.0, spent.level - weeks * self.per_week * vehicles / 100)
        spent.at_ms = max(spent.at_ms, now_ms)
