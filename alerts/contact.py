"""When a vehicle counts as silent, and when what it says is too old."""

from dataclasses import dataclass

HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Contact:
    """Silence is measured by the fleet's own clock since the vehicle was heard last, so that a
    replay of one vehicle after the other loses nobody. `silent_after` is the profile's.

    Data is late when it reaches the broker `late_ms` after it was measured, twice in a row. That
    means something only while the fleet is live: its clock at most `live_ms` behind the broker's.
    """

    late_ms: int = 24 * HOUR_MS
    live_ms: int = HOUR_MS
    look_every_ms: int = HOUR_MS

    def is_lost(self, heard_ms: int, now_ms: int, silent_after_ms: int) -> bool:
        """Whether the vehicle has been silent for too long."""
        return now_ms - heard_ms > silent_after_ms

    def is_live(self, now_ms: int, broker_ms: int) -> bool:
        """Whether the fleet's clock goes with the broker's."""
        return now_ms >= broker_ms - self.live_ms
