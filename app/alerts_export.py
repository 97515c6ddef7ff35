"""Alerts as a table."""

from collections.abc import Iterable
from typing import Any, Final

import pyarrow as pa

from infra.reads.triage import Listed

_TIME: Final = pa.timestamp("ms", "UTC")
SCHEMA: Final = pa.schema(
    [
        ("alert_id", pa.string()),
        ("vehicle_id", pa.string()),
        ("plate", pa.string()),
        ("profile", pa.string()),
        ("depot", pa.string()),
        ("mode", pa.string()),
        ("condition", pa.string()),
        ("state", pa.string()),
        ("severity", pa.string()),
        ("opened", _TIME),
        ("updated", _TIME),
        ("resolved", _TIME),
        ("risk_7", pa.float64()),
        ("risk_30", pa.float64()),
        ("risk_90", pa.float64()),
        ("expected_cost", pa.float64()),
        ("planned_cost", pa.float64()),
        ("currency", pa.string()),
        ("assignee", pa.string()),
        ("outcome", pa.string()),
        ("model", pa.string()),
        ("reasons", pa.string()),
    ]
)


def table_of(alerts: Iterable[Listed]) -> pa.Table:
    """One row an alert; times that are not yet are null, and so are risk and money of what isn't
    about a part.
    """
    return pa.Table.from_pylist([_row(one) for one in alerts], SCHEMA)


def _row(listed: Listed) -> dict[str, Any]:
    one = listed.alert
    about_a_part = bool(one.mode)
    return {
        "alert_id": one.alert_id,
        "vehicle_id": one.vehicle_id,
        "plate": listed.plate,
        "profile": one.profile,
        "depot": listed.depot or one.depot,
        "mode": one.mode,
        "condition": one.condition,
        "state": one.state,
        "severity": one.severity,
        "opened": one.opened_ms,
        "updated": one.updated_ms,
        "resolved": one.resolved_ms or None,
        "risk_7": one.risk.risk_7 if about_a_part else None,
        "risk_30": one.risk.risk_30 if about_a_part else None,
        "risk_90": one.risk.risk_90 if about_a_part else None,
        "expected_cost": one.waiting.expected if about_a_part else None,
        "planned_cost": one.waiting.planned if about_a_part else None,
        "currency": one.waiting.currency,
        "assignee": one.assignee,
        "outcome": one.outcome,
        "model": one.model,
        "reasons": "; ".join(reason.text for reason in one.reasons),
    }
