"""How long a part that a person has dealt with stays quiet while its risk is still high."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.alerts import Outcome

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Rearm:
    """Days of quiet by outcome. Risk below the clear line ends the quiet earlier.

    A part that was repaired needs some use until its risk has come down; one that nobody looked
    at is asked for again soon.
    """

    days: Mapping[Outcome, float] = field(
        default_factory=lambda: {
            "confirmed_part": 14.0,
            "other_part": 30.0,
            "no_fault_found": 30.0,
            "not_checked": 7.0,
        }
    )

    def quiet_until(self, outcome: Outcome, now_ms: int) -> int:
        """Until when the part says nothing."""
        return now_ms + round(self.days[outcome] * DAY_MS)
