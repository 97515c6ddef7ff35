"""A vehicle with what stands about it now, in one statement where it is called by its id."""

from dataclasses import dataclass, field
from typing import Any

from contracts.alerts import Alert
from contracts.workorders import WorkOrder
from infra.clickhouse import ClickHouse
from infra.reads.alerts import ACTIVE, MOST_PAST, alerts_of
from infra.reads.questions import ask_together
from infra.reads.vehicles import (
    CurrentRisk,
    Registration,
    current_risk,
    known_otherwise,
    registration,
)
from infra.workorders import ACTIVE as OPEN
from infra.workorders import OrderFilter, orders_of


@dataclass(frozen=True)
class Card:
    """`risks`: every mode's newest score, highest first; `alerts`: the active ones, then those of
    the past where they were asked for; `orders`: the open work order that comes first, likewise.
    """

    found: Registration
    risks: list[CurrentRisk]
    alerts: list[Alert]
    orders: list[WorkOrder] = field(default_factory=list)

    @property
    def active(self) -> list[Alert]:
        """Active alerts, the newest opened first."""
        return [one for one in self.alerts if one.state in ACTIVE]

    @property
    def newest(self) -> list[Alert]:
        """The newest opened alerts of all states, the newest first."""
        ordered = sorted(self.alerts, key=lambda one: (-one.opened_ms, one.alert_id))
        return ordered[:MOST_PAST]


def find_card(store: ClickHouse, tenant: str, key: str, *, whole: bool) -> Card | None:
    """The vehicle with this id, VIN or plate, None where there is none; the `whole` card has its
    past alerts and its work order too.
    """
    if not key:
        return None
    found, *rest = _asked(store, tenant, key, whole=whole)
    if found is None:
        found = known_otherwise(store, tenant, key)
        if found is None:
            return None
        if found.vehicle_id != key:
            _, *rest = _asked(store, tenant, found.vehicle_id, whole=whole)
    return Card(found, *rest)


def _asked(store: ClickHouse, tenant: str, vehicle_id: str, *, whole: bool) -> list[Any]:
    orders = orders_of(tenant, OrderFilter(OPEN, (vehicle_id,), limit=1))
    return ask_together(
        store,
        registration(tenant, vehicle_id),
        current_risk(tenant, vehicle_id),
        alerts_of(tenant, vehicle_id, past=whole),
        *([orders] if whole else []),
    )
