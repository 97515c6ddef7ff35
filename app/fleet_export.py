"""Vehicles of the fleet as a table."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import pyarrow as pa

from app.api.fleet import FleetVehicle

SCHEMA: Final = pa.schema(
    [
        ("vehicle_id", pa.string()),
        ("plate", pa.string()),
        ("vin", pa.string()),
        ("profile", pa.string()),
        ("model", pa.string()),
        ("depot", pa.string()),
        ("state", pa.string()),
        ("mode", pa.string()),
        ("risk_7", pa.float64()),
        ("risk_30", pa.float64()),
        ("risk_90", pa.float64()),
        ("rul", pa.float64()),
        ("rul_low", pa.float64()),
        ("rul_high", pa.float64()),
        ("rul_unit", pa.string()),
        ("at_stake", pa.float64()),
        ("currency", pa.string()),
        ("reason", pa.string()),
        ("seen", pa.timestamp("ms", "UTC")),
        ("alert_id", pa.string()),
        ("alert_state", pa.string()),
        ("alerts", pa.int64()),
    ]
)


def table_of(parts: Iterable[Sequence[FleetVehicle]]) -> pa.Table:
    """One row a vehicle; numbers and times that are not known are null."""
    tables = [pa.Table.from_pylist([_row(one) for one in part], SCHEMA) for part in parts]
    return pa.concat_tables([SCHEMA.empty_table(), *tables])


def _row(one: FleetVehicle) -> dict[str, Any]:
    risk, rul = one.risk, one.rul
    return {
        "vehicle_id": one.vehicle_id,
        "plate": one.plate,
        "vin": one.vin,
        "profile": one.profile,
        "model": one.model,
        "depot": one.depot,
        "state": one.state,
        "mode": one.mode,
        "risk_7": risk and risk.days_7,
        "risk_30": risk and risk.days_30,
        "risk_90": risk and risk.days_90,
        "rul": rul and rul.value,
        "rul_low": rul and rul.low,
        "rul_high": rul and rul.high,
        "rul_unit": rul.unit if rul else "",
        "at_stake": one.at_stake,
        "currency": one.currency,
        "reason": one.reason,
        "seen": one.seen_ms or None,
        "alert_id": one.alert_id,
        "alert_state": one.alert_state,
        "alerts": one.alerts,
    }
