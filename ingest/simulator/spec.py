"""What fleet to simulate."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

DAY_MS: Final = 86_400_000
FRAME_PERIOD_MS: Final = 15 * 60_000
"""One frame is sent for each quarter of an hour of driving."""
SAMPLES: Final = 30
SAMPLE_MS: Final = 2_000


@dataclass(frozen=True)
class FleetSpec:
    """`vehicles` per profile from `start_ms` (Unix, UTC) for `days`; the seed does the rest."""

    vehicles: Mapping[str, int]
    seed: int
    start_ms: int
    days: int
    tenant: str = "default"

    @property
    def end_ms(self) -> int:
        """First moment after the simulated span."""
        return self.start_ms + self.days * DAY_MS
