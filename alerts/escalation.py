"""When an alert that nobody takes up is told to the next person."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.alerts import Alert, Severity

HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Escalation:
    """Hours of event time until an open alert escalates, by severity; each level takes as long."""

    hours: Mapping[Severity, float] = field(default_factory=lambda: {"critical": 4.0, "soon": 72.0})
    levels: int = 2

    def is_due(self, alert: Alert, now_ms: int) -> bool:
        """Whether nobody has acted for too long."""
        if alert.severity not in self.hours or alert.state != "open" or alert.muted_by:
            return False
        return alert.escalated < self.levels and now_ms >= self.due_ms(alert)

    def due_ms(self, alert: Alert) -> int:
        """When the next level is reached."""
        hours = (alert.escalated + 1) * self.hours[alert.severity]
        return alert.unattended_ms + round(hours * HOUR_MS)
