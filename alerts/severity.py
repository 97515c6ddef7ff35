"""How urgent an alert is: the chance of failure times what a failure does."""

from dataclasses import dataclass

from contracts.alerts import Severity
from contracts.risk import ModeRisk

RANK: dict[Severity, int] = {"watch": 0, "soon": 1, "critical": 2}


@dataclass(frozen=True)
class SeverityPolicy:
    """Products of probability and consequence (1 nuisance to 5 danger) from which on an alert is
    critical: by the 30-day risk or, for what is near, by the 7-day risk.

    Whatever is above its mode's line deserves someone's time, so the rest is "soon"; "watch" is
    what the budget leaves over. A critical alert calms down below `calm` of the product only.
    """

    critical_30: float = 2.0
    critical_7: float = 1.25
    calm: float = 0.7

    def of(self, risk: ModeRisk, consequence: int, before: Severity | None = None) -> Severity:
        """The severity of this risk, given the one before."""
        share = self.calm if before == "critical" else 1.0
        near = risk.risk_7 * consequence >= share * self.critical_7
        return (
            "critical" if near or risk.risk_30 * consequence >= share * self.critical_30 else "soon"
        )
