"""When a standing alert is worth a new row, though nothing about it has to be decided."""

from dataclasses import dataclass

from contracts.alerts import Alert
from contracts.risk import ModeRisk

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Refresh:
    """A new row when the 30-day risk moved by `step`, or after `every_ms` of event time."""

    step: float = 0.05
    every_ms: int = DAY_MS

    def is_due(self, alert: Alert, risk: ModeRisk, time_ms: int) -> bool:
        """Whether the row has become too old or too wrong."""
        moved = abs(risk.risk_30 - alert.risk.risk_30) >= self.step
        return moved or time_ms - alert.updated_ms >= self.every_ms
