"""What a demo run consists of."""

from collections.abc import Mapping
from dataclasses import dataclass

from ingest.simulator.spec import DAY_MS, FleetSpec


@dataclass(frozen=True)
class Plan:
    """Vehicles by profile, days of history to train on, days streamed live, ending at `now_ms`.

    Days begin at midnight UTC, as the simulator's trips do; the last one is today so far. The truth
    reaches `horizon_days` past now, so that an alert about a failure that is still to come is not
    called false.
    """

    vehicles: Mapping[str, int]
    history_days: int
    live_days: int
    seed: int
    now_ms: int
    tenant: str = "default"
    horizon_days: int = 60

    @property
    def live_ms(self) -> int:
        """Where history ends and the live stream begins."""
        return self.now_ms // DAY_MS * DAY_MS - self.live_days * DAY_MS

    @property
    def spec(self) -> FleetSpec:
        """The fleet from the first day of history to the horizon's end."""
        days = self.history_days + self.live_days + 1 + self.horizon_days
        start = self.live_ms - self.history_days * DAY_MS
        return FleetSpec(dict(self.vehicles), self.seed, start, days, self.tenant)

    @property
    def fleet_size(self) -> int:
        """All vehicles."""
        return sum(self.vehicles.values())
