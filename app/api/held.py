"""Parts whose risk is high while no alert says so, and what was settled about them."""

from dataclasses import dataclass

from alerts.rearm import Rearm
from app.api.vehicles import Vehicle
from contracts.alerts import Alert
from infra.reads.cards import Card


@dataclass(frozen=True)
class Held:
    """A part with a 30-day risk at or above its line and no alert that stands.

    `settled_ms`, `outcome`: when and how the alert about it was closed that keeps the part quiet; 0
    and "" where the risk is new, or the part was replaced without an alert.
    """

    mode: str
    label: str
    risk_30: float
    settled_ms: int = 0
    outcome: str = ""


def held(vehicle: Vehicle, card: Card) -> list[Held]:
    """Such parts, the highest risk first; `card` is the whole one."""
    standing = {alert.mode for alert in card.active}
    return [
        Held(one.mode, one.label, one.risk.days_30, *_settled(card, one.mode, vehicle))
        for one in vehicle.risks
        if one.line is not None and one.risk.days_30 >= one.line and one.mode not in standing
    ]


def _settled(card: Card, mode: str, vehicle: Vehicle) -> tuple[int, str]:
    now_ms = vehicle.freshness.now_ms
    found = next((one for one in card.newest if one.mode == mode and _quiets(one, now_ms)), None)
    return (found.resolved_ms, found.outcome) if found else (0, "")


def _quiets(alert: Alert, now_ms: int) -> bool:
    """Whether what was found then still keeps the part quiet."""
    if not alert.outcome:
        return False
    return Rearm().quiet_until(alert.outcome, alert.resolved_ms) > now_ms
