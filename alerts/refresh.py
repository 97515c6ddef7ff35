"""When a standing alert is worth a new row, though nothing about it has to be decided."""

from dataclasses import dataclass

from contracts.alerts import Alert
from contracts.risk import ModeRisk

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Refresh:
    """A new row when the 30-day risk moved by `step`, or after `every_ms` of event time; with its
    reasons when it moved by `explain_step`, or after `explain_ms`: they take a model and the store.
    """

    step: float = 0.05
    every_ms: int = DAY_MS
    explain_step: float = 0.1
    explain_ms: int = 3 * DAY_MS

    def is_due(self, alert: Alert, risk: ModeRisk, time_ms: int) -> bool:
        """Whether the row has become too old or too wrong."""
        moved = abs(risk.risk_30 - alert.risk.risk_30) >= self.step
        return moved or time_ms - alert.updated_ms >= self.every_ms

    def is_unexplained(self, told: tuple[int, float], risk: ModeRisk, time_ms: int) -> bool:
        """Whether the reasons that were told (when, at which 30-day risk) have become too old."""
        told_ms, told_risk = told
        moved = abs(risk.risk_30 - told_risk) >= self.explain_step
        return moved or time_ms - told_ms >= self.explain_ms
